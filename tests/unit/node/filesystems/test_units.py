"""Units of systemd: as systemd names and reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from node.filesystems.plan import UnitPlan, foreign, ours, plan
from node.filesystems.request import FilesystemsRequest, Mount
from node.filesystems.units import MARK, starts, unit_name, units

SECRETS = Path("/etc/secrets")
NFS = Mount("scratch", "nfs", "/scratch", ("vers=4.2", "nconnect=8"), what="10.0.0.9:/export/scratch")
CEPH = Mount("projects", "cephfs", "/projects", what="10.0.0.1,10.0.0.2:/p", user="projects", key="c2VjcmV0")
MOUNTS = (
    NFS,
    CEPH,
    Mount("lustre", "lustre", "/lustre", what="10.0.0.3@tcp:/lustre", lnet="networks=tcp(eth1)"),
    Mount("software", "bind", "/opt/software", what="/scratch/software"),
    Mount("memory", "tmpfs", "/memory", ("size=50%",), mode="1777"),
    Mount("fast", "disk", "/fast-disk", what="/dev/disk/by-id/virtio-1", format="xfs", automount=True),
)
PATHS = ("/scratch", "/a/b-c", "/srv/under_score", "/srv/.hidden", "/.first", "/srv//double/", "/srv/a:b", "/srv/é")


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="needs systemd-escape")
def test_names_are_those_of_systemd() -> None:
    said = subprocess.run(
        ["systemd-escape", "--path", "--suffix=mount", *PATHS], capture_output=True, text=True, check=True
    )
    assert [unit_name(path, "mount") for path in PATHS] == said.stdout.split()


def lines_of(mount: Mount) -> list[str]:
    return units([mount], SECRETS)[unit_name(mount.where, "mount")].splitlines()


def test_each_is_marked_and_limited() -> None:
    for text in units(MOUNTS, SECRETS).values():
        assert text.splitlines()[0] == MARK
    for mount in MOUNTS:
        assert "TimeoutSec=60" in lines_of(mount)


@pytest.mark.parametrize(
    ("mount", "expected"),
    list(
        zip(
            MOUNTS,
            [
                {
                    "What=10.0.0.9:/export/scratch",
                    "Type=nfs",
                    "Options=vers=4.2,nconnect=8",
                    "WantedBy=remote-fs.target",
                },
                {
                    "What=10.0.0.1,10.0.0.2:/p",
                    "Type=ceph",
                    "Options=name=projects,secretfile=/etc/secrets/projects.secret",
                },
                {"What=10.0.0.3@tcp:/lustre", "Type=lustre", "WantedBy=remote-fs.target"},
                {"What=/scratch/software", "Type=none", "Options=bind,_netdev", "Where=/opt/software"},
                {"What=tmpfs", "Type=tmpfs", "Options=size=50%%,mode=1777", "WantedBy=local-fs.target"},
                {"What=/dev/disk/by-id/virtio-1", "Type=xfs"},
            ],
            strict=True,
        )
    ),
    ids=[mount.type for mount in MOUNTS],
)
def test_what_they_say(mount: Mount, expected: set[str]) -> None:
    lines = lines_of(mount)
    assert expected <= set(lines)
    assert all("c2VjcmV0" not in line for line in lines), "a key is in no unit"


def test_one_that_is_mounted_when_it_is_used() -> None:
    made = units(MOUNTS, SECRETS)
    assert "WantedBy" not in made["fast\\x2ddisk.mount"]
    assert "WantedBy=local-fs.target" in made["fast\\x2ddisk.automount"]
    assert starts(MOUNTS[-1]) == "fast\\x2ddisk.automount"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_reads_them(tmp_path: Path) -> None:
    for name, text in units(MOUNTS, SECRETS).items():
        (tmp_path / name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [
        line
        for line in done.stderr.splitlines()
        if str(tmp_path) in line or any(n in line for n in ("scratch.mount", "lacks", "Unknown"))
    ]
    assert said == []


def test_a_plan_of_nothing() -> None:
    wanted = units([NFS], SECRETS)
    assert plan(wanted, wanted) == UnitPlan((), (), ())


def test_new_changed_and_former_units() -> None:
    former = units([NFS, MOUNTS[5], Mount("deep", "tmpfs", "/fast-disk/deep/er")], SECRETS)
    wanted = units([Mount("scratch", "nfs", "/scratch", ("ro",), what="x:/y"), CEPH], SECRETS)
    made = plan(wanted, former)
    assert made.remove == ("fast\\x2ddisk.automount", "fast\\x2ddisk-deep-er.mount", "fast\\x2ddisk.mount")
    assert set(made.write) == {"scratch.mount", "projects.mount"}
    assert made.restart == ("scratch.mount",)


def test_units_of_others_are_left_alone() -> None:
    theirs = {"scratch.mount": "[Mount]\n", "other.mount": "[Mount]\n"}
    assert ours(theirs) == {}
    assert foreign(units([NFS, CEPH], SECRETS), theirs) == ["scratch.mount"]


def test_a_request() -> None:
    document = {
        "control_address": "fd00::1",
        "volumes": {"scratch": "id"},
        "mounts": [
            {"name": "a", "type": "nfs", "where": "/a", "options": ["ro"], "server": "", "export": "/exports/a"},
            {"name": "b", "type": "nfs", "where": "/b", "options": [], "server": "nfs", "export": "/b"},
            {"name": "c", "type": "cephfs", "where": "/c", "options": [], "what": "m:/", "user": "u", "key": "k"},
        ],
    }
    request = FilesystemsRequest.of(document)
    assert [each.what for each in request.mounts] == ["[fd00::1]:/exports/a", "nfs:/b", "m:/"]
    assert "'k'" not in repr(request)
    with pytest.raises(TypeError):
        FilesystemsRequest.of({"mounts": [{"name": "a", "unheard": "of"}]})

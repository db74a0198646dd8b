import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.image import claims
from slurm_appliance.image.build import Builder, BuildOutcome
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.construction import Tools
from slurm_appliance.image.progress import BuildProgress
from slurm_appliance.image.spec import ImageBuild, Machine
from slurm_appliance.image.ssh import SshTarget
from slurm_appliance.image.stop import Deadline
from tests.unit.slurm_appliance.image.fake_cloud import FakeCloud

FAT = ImageBuild("debian-12", ("control", "login", "compute"), Machine("m1.small", "cluster"))
VOLUME = replace(FAT, machine=replace(FAT.machine, volume_size=20, volume_type="ssd"))
FLOATING = replace(FAT, machine=replace(FAT.machine, floating_ip_network="external", security_groups=("default",)))
KINDS = pytest.mark.parametrize("build", [FAT, VOLUME, FLOATING], ids=["image", "volume", "floating-ip"])


@dataclass
class Site:
    """One machine that builds on a cloud."""

    cloud: FakeCloud
    build_folder: BuildFolder
    ansible: Path
    lines: list[str] = field(default_factory=list)
    variables: list[Mapping[str, Any]] = field(default_factory=list)
    #: What happens in the server, before the record is written.
    in_server: Callable[[], None] = lambda: None
    deadline: Deadline = field(default_factory=lambda: Deadline(60, "the test"))
    refresh_mirror: Callable[[str, Path, Deadline, Callable[[str], None]], None] = lambda *_: None

    def run_playbook(
        self,
        folder: Path,
        ssh_target: SshTarget,  # noqa: ARG002 - the signature is the real one's
        groups: tuple[str, ...],
        variables: Mapping[str, Any],
        deadline: Deadline,  # noqa: ARG002
        say: Callable[[str], None],  # noqa: ARG002
    ) -> Mapping[str, float]:
        """A playbook that leaves its record and powers the server off."""
        self.variables.append(variables)
        self.in_server()
        record = {"build": variables["image_record_build"], "groups": list(groups), "os": "Debian 12"}
        (folder / "image.json").write_text(json.dumps(record))
        (folder / "accounts.txt").write_text("user root 0\nuser debian 1000\ngroup root 0\ngroup users 100\n")
        (folder / "packages.txt").write_text("slurmd 22.05\nmunge 0.5\n")
        (folder / "sources.txt").write_text("slurmd slurm-wlm 22.05\nmunge munge 0.5\n")
        for server in self.cloud.servers.values():
            server["status"] = "SHUTOFF"
        return {"prepare": 1.0}

    def ensure(self, build: ImageBuild = FAT, *, force: bool = False) -> BuildOutcome:
        """Have an image."""
        tools = Tools(
            self.cloud,
            self.deadline,
            BuildProgress(self.lines.append),
            self.run_playbook,
            wait_for_ssh=lambda *_: None,
            refresh_mirror=self.refresh_mirror,
            commit="c0ffee",
        )
        return Builder(tools, self.build_folder, self.ansible).ensure(build, force=force)


def base_id(site: Site) -> str:
    return next(str(each["id"]) for each in site.cloud.images.values() if each["name"] == "debian-12")


@pytest.fixture
def ansible(tmp_path: Path) -> Path:
    """A small set of playbooks and roles."""
    folder = tmp_path / "ansible"
    (folder / "roles" / "base" / "tasks").mkdir(parents=True)
    (folder / "roles" / "base" / "tasks" / "install.yml").write_text("---\n- name: Base\n")
    (folder / "fatimage.yml").write_text(
        "---\n- hosts: all\n  tasks:\n    - ansible.builtin.import_role:\n        name: base\n"
    )
    return folder


@pytest.fixture
def site(tmp_path: Path, ansible: Path) -> Site:
    """A machine and its cloud."""
    return Site(FakeCloud(), BuildFolder(tmp_path / "builds"), ansible)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud in memory answers at once: pauses between two looks would only cost time."""
    sleep = Deadline.sleep
    monkeypatch.setattr(Deadline, "sleep", lambda self, seconds: sleep(self, min(seconds, 0.002)))
    monkeypatch.setattr(claims, "LEASE", 180.0)

"""File systems: settings of their type, places of their own, disks and groups that are there."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check, group
from tests.unit.slurm_appliance.config.examples import smallest

#: Nothing is written there.
TMP = "/tmp"  # noqa: S108
KEY = "c2VjcmV0LXNlY3JldC1zZWM="


def fs(type_: str, mount_point: str = "/scratch", **settings: Any) -> dict[str, Any]:
    return {"filesystems": {"scratch": {"type": type_, "mount_point": mount_point, **settings}}}


def nfs(mount_point: str = "/scratch", **settings: Any) -> dict[str, Any]:
    return fs("nfs", mount_point, **({"server": "nfs", "export": "/e"} | settings))


def two(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"filesystems": {**one["filesystems"], "second": other["filesystems"]["scratch"]}}


NODES = {"compute": {"general": group("c-0", extra_volumes={"fast": {"size": 1}}), "plain": group("p-0")}}
P = "filesystems.scratch"

MISTAKES: list[Mistake] = [
    (fs("beegfs"), f"{P}.type", "is not among what is allowed", "nfs"),
    (nfs("scratch"), f"{P}.mount_point", "is not an absolute path", "starts with"),
    (nfs("/a/../b"), f"{P}.mount_point", "is not an absolute path", "no '..'"),
    (nfs("/usr"), f"{P}.mount_point", "would hide", "folder of its own"),
    (nfs("/proc/x"), f"{P}.mount_point", "lies in /proc", "folder of its own"),
    (nfs(TMP), f"{P}.mount_point", "would hide /tmp", "folder of its own"),
    (nfs("/etc/slurm-appliance/x"), f"{P}.mount_point", "lies in /etc/slurm-appliance", "folder of its own"),
    (nfs("/var/lib"), f"{P}.mount_point", "would hide", "folder of its own"),
    (nfs("/var/lib/state"), f"{P}.mount_point", "(state_dir)", "folder of its own"),
    (nfs("/home"), f"{P}.mount_point", "(home.mount_point)", "home_volume_provisioning: none"),
    (nfs("/home/shared"), f"{P}.mount_point", "(home.mount_point)", "folder of its own"),
    (nfs("/exports"), f"{P}.mount_point", "(home.export)", "folder of its own"),
    (nfs(groups=["genral"]) | NODES, f"{P}.groups[0]", "there is no group genral", "general"),
    (nfs(groups=["plain", "plain"]) | NODES, f"{P}.groups[1]", "twice", "keep one"),
    (nfs(options=["ro", "ro"]), f"{P}.options[1]", "twice", "keep one"),
    (nfs(options=["ro,rw"]), f"{P}.options[0]", "is not a mount option", "no commas"),
    (nfs(options=["secret=abc"]), f"{P}.options[0]", "a secret", "set key"),
    (nfs(nconnect=17), f"{P}.nconnect", "out of bounds", "1 to 16"),
    (nfs(version="5"), f"{P}.version", "not among what is allowed", "4.2"),
    (nfs(size="1G"), f"{P}.size", "is no setting of type nfs", "server, export"),
    (nfs(share="s", export=None), f"{P}.server", "share is set", "keep one"),
    (nfs(share="s", server=None), f"{P}.share", "export is set as well", "keep one"),
    (nfs(create={"size": 1}, export=None), f"{P}.server", "create is set", "keep one"),
    (nfs(create={"size": 1}, server=None), f"{P}.create", "export is set as well", "keep one"),
    (fs("nfs", create={}), f"{P}.create.size", "required", "GB"),
    (fs("nfs", create={"size": 1, "access_level": "x"}), f"{P}.create.access_level", "not among what is allowed", "rw"),
    (fs("nfs", create={"size": 1, "clients": []}), f"{P}.create.clients", "nobody may mount it", "leave it out"),
    (fs("nfs", create={"size": 1, "clients": ["fd00::/64"]}), f"{P}.create.clients[0]", "an IPv6 network", "IPv4"),
    (fs("nfs", create={"size": 1, "clients": ["10.0.0.0/8"] * 2}), f"{P}.create.clients[1]", "twice", "keep one"),
    (fs("lustre", source="a@tcp:/l", create={"size": 1}), f"{P}.create", "is no setting of type lustre", "source"),
    (fs("cephfs", create={"size": 1}), f"{P}.user", "required for type cephfs", "user"),
    (fs("cephfs", create={"size": 1}, user="u", key=KEY), f"{P}.key", "is known from the share", "leave it out"),
    (fs("cephfs", create={"size": 1}, user="u", monitors=["a"]), f"{P}.create", "monitors is set as well", "keep one"),
    (fs("cephfs", create={"size": 1, "clients": ["10.0.0.0/8"]}, user="u"), f"{P}.create.clients", "of type cephfs",
     "user"),
    (two(fs("nfs", create={"size": 1}), fs("nfs", "/b", share="demo-scratch")), "filesystems.second.share",
     "demo-scratch is the share that filesystems.scratch creates", "with all groups"),
    (two(fs("nfs", share="s", create={"size": 1}), fs("nfs", "/b", share="s", create={"size": 1})),
     "filesystems.second.share", "s is the share that filesystems.scratch creates", "name another"),
    (fs("nfs", server="a"), f"{P}.export", "required for type nfs", "share"),
    (fs("nfs", export="/e"), f"{P}.export", "mounts no disk at /e", "type disk"),
    (fs("cephfs", monitors=["192.0.2.1"], key=KEY), f"{P}.user", "required for type cephfs", "user"),
    (fs("cephfs", monitors=["192.0.2.1"], user="u"), f"{P}.key", "required with monitors", "--secret"),
    (fs("cephfs", user="u"), f"{P}.monitors", "required for type cephfs", "share"),
    (fs("cephfs", share="s", user="u", path="/x"), f"{P}.path", "is known from the share", "leave it out"),
    (fs("cephfs", monitors=["192.0.2.1"], user="u", key="x y"), f"{P}.key", "is not a key of Ceph", "base64"),
    (fs("bind"), f"{P}.source", "required for type bind", "what is mounted"),
    (fs("bind", source="srv"), f"{P}.source", "not an absolute path", "directory"),
    (fs("lustre", source="/lustre"), f"{P}.source", "names no file system", "SERVERS:/NAME"),
    (fs("tmpfs", size="8"), f"{P}.size", "is not a size in memory", "8G"),
    (fs("tmpfs", mode="999"), f"{P}.mode", "is not permissions", "octal"),
    (fs("disk"), f"{P}.device", "required for type disk", "volume"),
    (fs("disk", device="vdb"), f"{P}.device", "is not a disk", "/dev"),
    (fs("disk", device="/dev/vdb", volume="fast", groups=["general"]) | NODES, f"{P}.volume", "device is set", "one"),
    (fs("disk", volume="fast") | NODES, f"{P}.volume", "fast is no extra volume of plain", "extra_volumes"),
    (fs("disk", volume="fast", groups=["control"]), f"{P}.volume", "no extra volume of control", "extra_volumes"),
    (two(nfs(), nfs(groups=["plain"])) | NODES, "filesystems.second.mount_point", "also that of scratch", "other"),
    (two(fs("lustre", source="a:/l", lnet="a=1"), fs("lustre", "/l", source="b:/l", lnet="a=2")) | NODES,
     "filesystems.second.lnet", "differs from that of scratch", "the same"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_what_does_not_go_together(mistake: Mistake) -> None:
    check(mistake)


def test_all_mistakes_at_once() -> None:
    given = two(fs("tmpfs", "/usr", size="8"), fs("disk", "x", groups=["nobody"]))
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**given), "a test")
    assert {problem.path for problem in caught.value.problems} >= {
        "filesystems.scratch.size",
        "filesystems.scratch.mount_point",
        "filesystems.second.mount_point",
        "filesystems.second.groups[0]",
    }


def test_a_key_is_in_no_error() -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**fs("cephfs", monitors=["192.0.2.1"], user="u", key="not a key")), "a test")
    assert "not a key" not in str(caught.value).replace("is not a key of Ceph", "")


@pytest.mark.parametrize(
    "given",
    [
        fs("tmpfs", TMP, mode="1777"),
        fs("disk", TMP, device="/dev/nvme0n1"),
        fs("cephfs", "/home", share="homes", user="u") | {"home_volume_provisioning": "none"},
        two(nfs("/data"), nfs("/data/scratch")),
        two(nfs(groups=["plain"]), nfs(groups=["general"])) | NODES,
        two(fs("disk", "/exports/more", volume="more", groups=["control"]), fs("nfs", export="/exports/more"))
        | {"control_extra_volumes": {"more": {"size": 1}}},
        fs("lustre", source="192.0.2.1@tcp:192.0.2.2@tcp:/lustre", lnet="networks=tcp(eth1)"),
        nfs(options=["timeo=100"]),
    ],
)
def test_what_goes_together(given: dict[str, Any]) -> None:
    assert from_mapping(smallest(**given), "a test").filesystems

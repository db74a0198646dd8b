"""Which control groups a node gets on which kind of host, and what a flavor means there."""

from pathlib import Path

import pytest

from localcloud.compute import cgroups
from localcloud.compute.cgroups import CgroupLayout, Limits

SPLIT = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/devices cgroup rw,relatime,devices 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
"""
VERSION_1 = "\n".join(line for line in SPLIT.splitlines() if "cgroup2" not in line)
UNIFIED = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
ROOT = Path("/sys/fs/cgroup")


@pytest.mark.parametrize(
    ("mounts", "systemd", "kind", "folders"),
    [
        (SPLIT, False, "split", ["unified", "systemd", "cpu,cpuacct", "memory", "devices"]),
        (VERSION_1, False, "split", ["systemd", "cpu,cpuacct", "memory", "devices"]),
    ],
)
def test_a_split_host_has_a_group_in_each_hierarchy_that_matters(
    mounts: str, systemd: bool, kind: str, folders: list[str]
) -> None:
    found = cgroups.layout(mounts, systemd=systemd)
    assert found.kind == kind
    assert set(found.folders("n1")) == {ROOT / folder / "localcloud/n1" for folder in folders}
    assert found.folders("n1")[0] == ROOT / folders[0] / "localcloud/n1"


def test_a_unified_host_has_one() -> None:
    found = cgroups.layout(UNIFIED, systemd=False)
    assert found == CgroupLayout("unified", ROOT)
    assert found.folders("n1") == (ROOT / "localcloud/n1",)


@pytest.mark.parametrize(
    ("mounts", "mount"), [(UNIFIED, ROOT), (SPLIT, ROOT / "unified"), (VERSION_1, ROOT / "systemd")]
)
def test_systemd_keeps_its_tree(mounts: str, mount: Path) -> None:
    found = cgroups.layout(mounts, systemd=True)
    assert found.folders("n1") == (mount / "localcloud.slice/localcloud-node-n1.service",)


@pytest.mark.parametrize("systemd", [True, False])
def test_a_host_without_any_is_told_so(systemd: bool) -> None:
    with pytest.raises(LookupError, match="mounted"):
        cgroups.layout("proc /proc proc rw 0 0\n", systemd=systemd)


@pytest.mark.parametrize(
    ("processors", "online", "quota"), [(1, 2, 100_000), (3, 4, 300_000), (2, 2, -1), (4, 2, -1), (0, 2, -1)]
)
def test_processor_time_is_limited_where_the_host_has_more(processors: int, online: int, quota: int) -> None:
    assert Limits(512, processors).quota(online) == quota


def test_limits_become_files() -> None:
    limits = Limits(memory_mb=512, processors=1)
    assert cgroups.limit_files("split", limits, 2) == {
        "memory": [("memory.limit_in_bytes", str(512 << 20))],
        "cpu": [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "100000")],
    }
    assert cgroups.limit_files("unified", limits, 2) == {
        "memory": [("memory.max", str(512 << 20))],
        "cpu": [("cpu.max", "100000 100000")],
    }
    assert cgroups.limit_files("systemd", limits, 2) == {}
    assert {"MemoryMax=512M", "CPUQuota=100%", "Delegate=yes"} <= set(cgroups.systemd_properties(limits, 2))


def test_no_limits_become_files_too_because_an_old_limit_may_be_there() -> None:
    assert cgroups.limit_files("split", Limits(), 2) == {
        "memory": [("memory.limit_in_bytes", "-1")],
        "cpu": [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "-1")],
    }
    assert cgroups.limit_files("unified", Limits(), 2) == {
        "memory": [("memory.max", "max")],
        "cpu": [("cpu.max", "max 100000")],
    }
    assert not [word for word in cgroups.systemd_properties(Limits(), 2) if word.startswith(("Memory", "CPU"))]


def test_a_node_may_use_its_own_disks_and_no_others() -> None:
    assert cgroups.device_rules([(7, 3)]) == [
        ("devices.deny", "a"),
        ("devices.allow", "c *:* rwm"),
        ("devices.allow", "b *:* m"),
        ("devices.allow", "b 7:3 rw"),
    ]


def test_nodes_are_found_by_their_groups(tmp_path: Path) -> None:
    layout = CgroupLayout("split", tmp_path / "unified", (("memory", tmp_path / "memory"),))
    (tmp_path / "unified/localcloud/n1").mkdir(parents=True)
    (tmp_path / "memory/localcloud/n2").mkdir(parents=True)
    assert cgroups.node_names(layout) == ["n1", "n2"]
    services = tmp_path / "localcloud.slice"
    for name in ("localcloud-node-n3.service", "other.service"):
        (services / name).mkdir(parents=True)
    assert cgroups.node_names(CgroupLayout("systemd", tmp_path)) == ["n3"]


def test_a_process_of_another_pid_namespace_is_not_the_callers_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel writes 0 for a process that the reader's PID namespace does not have. A signal to 0 is for us all."""
    group = tmp_path / "cgroup.procs"
    group.write_text("0\n0\n7\n")
    killed: list[int] = []
    monkeypatch.setattr("os.kill", lambda process, _number: killed.append(process))
    node = cgroups.NodeCgroups("n1", cgroups.layout(UNIFIED, systemd=False))
    monkeypatch.setattr(node, "_folders", (tmp_path,))
    assert not node.kill(0)
    assert set(killed) == {7}
    assert node.populated(), "it is not ended, and who asks is told so"

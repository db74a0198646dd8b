"""File systems in the inventory: what each group mounts, what the control node exports, which node gets which key."""

from typing import Any

from slurm_appliance.config import ClusterConfig, NodeKind, from_mapping
from slurm_appliance.hostvars.bundle import ComputeNode, node_variables
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.site.filesystems import exported, homes_on_control, mounted_volumes, mounts_of
from slurm_appliance.site.inventory import Inventory
from tests.unit.slurm_appliance.config.checks.mistakes import group
from tests.unit.slurm_appliance.config.examples import smallest

KEY = "c2VjcmV0LXNlY3JldC1zZWM="
DISK = {"type": "disk", "mount_point": "/exports/p", "volume": "p", "groups": ["control"]}
CEPH = {"type": "cephfs", "mount_point": "/c", "monitors": ["192.0.2.1", "192.0.2.2"], "user": "u", "key": KEY}


def config_of(**filesystems: Any) -> ClusterConfig:
    return from_mapping(
        smallest(
            login={"entry": group("l-0")},
            compute={"general": group("c-0"), "more": group("m-0")},
            control_extra_volumes={"p": {"size": 1}},
            filesystems=filesystems,
        ),
        "a test",
    )


def test_the_control_node_mounts_its_disk_and_exports_it() -> None:
    config = config_of(disk=DISK, p={"type": "nfs", "mount_point": "/p", "export": "/exports/p", "version": "4.2"})
    assert mounted_volumes(config, NodeKind.CONTROL, "control") == ("p",)
    assert exported(config) == [{"path": "/exports/p", "rdma": False}]
    children = Inventory(config, ()).tree()["all"]["children"]
    (disk,) = children["control"]["vars"]["filesystem_mounts"]
    assert (disk["volume"], disk["where"]) == ("p", "/exports/p")
    for name in ("entry", "general", "more"):
        (mount,) = children[name]["vars"]["filesystem_mounts"]
        assert (mount["server"], mount["export"], mount["options"]) == ("", "/exports/p", ["vers=4.2"])


def test_nothing_changes_for_others() -> None:
    children = Inventory(config_of(), ()).tree()["all"]["children"]
    assert "vars" not in children["control"]
    assert all("filesystem" not in name for each in children.values() for name in each.get("vars", {}))


def test_a_key_reaches_the_nodes_that_mount_with_it() -> None:
    config = config_of(c={**CEPH, "groups": ["general"]})
    tree = inventory_file.load(Inventory(config, ()).render())["all"]["children"]
    everywhere = {"filesystem_key_c": KEY}
    for name, expected in (("general", {"filesystem_key_c", "filesystem_mounts"}), ("more", set())):
        variables = {**everywhere, **tree[name]["vars"]}
        node = ComputeNode("n", "10.0.0.1", "i", "m", variables, frozenset({"filesystem_mounts"}))
        assert node_variables(node).keys() == expected


def test_homes_on_a_file_system_of_control() -> None:
    homes = {**CEPH, "mount_point": "/home", "groups": ["control", "entry", "general"]}
    given = smallest(
        home_volume_provisioning="none",
        login={"entry": group("l-0")},
        compute={"general": group("c-0")},
        filesystems={"homes": homes},
    )
    config = from_mapping(given, "a test")
    assert homes_on_control(config)
    assert Inventory(config, ()).tree()["all"]["children"]["control"]["vars"]["filesystem_homes"] is True
    assert not homes_on_control(config_of(c=CEPH))


def test_options_of_types() -> None:
    config = config_of(
        a={"type": "nfs", "mount_point": "/a", "server": "s", "export": "/a", "nconnect": 4, "rdma": True,
           "options": ["ro"], "automount": True},
        b={"type": "tmpfs", "mount_point": "/b", "size": "1G", "mode": "1777"},
        c={**CEPH, "filesystem": "fs2", "path": "/p"},
        d={"type": "disk", "mount_point": "/d", "device": "/dev/vdb", "format": "xfs"},
        e={"type": "lustre", "mount_point": "/e", "source": "a@tcp:/l", "lnet": "networks=tcp"},
    )  # fmt: skip
    a, b, c, d, e = mounts_of(config, NodeKind.COMPUTE, "general", {})
    assert (a["options"], a["automount"]) == (["nconnect=4", "proto=rdma", "port=20049", "ro"], True)
    assert (b["options"], b["mode"]) == (["size=1G"], "1777")
    assert (c["what"], c["options"]) == ("192.0.2.1,192.0.2.2:/p", ["fs=fs2"])
    assert (d["device"], d["format"]) == ("/dev/vdb", "xfs")
    assert (e["what"], e["lnet"]) == ("a@tcp:/l", "networks=tcp")

"""The settings of file systems, for ``leaves.py``."""

from typing import Any

from tests.unit.slurm_appliance.config.leaf import SHARE, SHARE_ACCESS, Leaf

_MOUNTS = "inventory: filesystem_mounts"


def _given(type_: str, **settings: Any) -> dict[str, Any]:
    return {"filesystems": {"scratch": {"type": type_, "mount_point": "/scratch", **settings}}}


def filesystem_leaves() -> dict[str, Leaf]:
    """The settings that each type has."""
    nfs = _given("nfs", server="nfs", export="/e")
    ceph = _given("cephfs", monitors=["192.0.2.1"], user="u", key="c2VjcmV0LXNlY3JldC1zZWM=")
    lustre = _given("lustre", source="a@tcp:/l")
    tmpfs = _given("tmpfs")
    made = _given("nfs", create={"size": 10})
    disk = _given("disk", device="/dev/vdb")
    volumes = {"compute": {"general": {"extra_volumes": {"scratch": {"size": 1}, "other": {"size": 1}}}}}
    leaves = {
        "type": Leaf("lustre", _MOUNTS, _given("bind", source="/x:/y")),
        "mount_point": Leaf("/other", _MOUNTS, nfs),
        "groups": Leaf(["entry"], _MOUNTS, nfs),
        "options": Leaf(["ro"], _MOUNTS, nfs),
        "automount": Leaf(True, _MOUNTS, nfs),
        "share": Leaf("projects", SHARE, made),
        "create.size": Leaf(20, SHARE, made),
        "create.share_type": Leaf("other", SHARE, made),
        "create.share_network": Leaf(
            "nodes", SHARE, _given("nfs", create={"size": 10, "share_type": "servers", "share_network": "nets"})
        ),
        "create.availability_zone": Leaf("other", SHARE, made),
        "create.access_level": Leaf("ro", SHARE_ACCESS, made),
        "create.clients": Leaf(["192.0.2.0/24"], SHARE_ACCESS, made),
        "server": Leaf("other", _MOUNTS, nfs),
        "export": Leaf("/other", _MOUNTS, nfs),
        "version": Leaf("4.1", _MOUNTS, nfs),
        "nconnect": Leaf(4, _MOUNTS, nfs),
        "rdma": Leaf(True, _MOUNTS, nfs),
        "monitors": Leaf(["192.0.2.2"], _MOUNTS, ceph),
        "path": Leaf("/other", _MOUNTS, ceph),
        "filesystem": Leaf("other", _MOUNTS, ceph),
        "user": Leaf("other", _MOUNTS, ceph),
        "key": Leaf("b3RoZXItb3RoZXItb3RoZXI=", "inventory secrets: filesystem_mounts", ceph),
        "source": Leaf("b@tcp:/l", _MOUNTS, lustre),
        "lnet": Leaf("networks=tcp(eth1)", _MOUNTS, lustre),
        "size": Leaf("1G", _MOUNTS, tmpfs),
        "mode": Leaf("1777", _MOUNTS, tmpfs),
        "volume": Leaf("other", _MOUNTS, {**volumes, **_given("disk", volume="scratch", groups=["general"])}),
        "device": Leaf("/dev/vdc", _MOUNTS, disk),
        "format": Leaf("xfs", _MOUNTS, disk),
    }
    return {f"filesystems.<filesystem>.{name}": leaf for name, leaf in leaves.items()}

"""The resources that the host reports. Far more than it has: servers of a test cloud are mostly idle."""

import os
from typing import Any

import nova.conf
from nova.objects import fields
from nova.virt.node import get_local_node_uuid
from oslo_serialization import jsonutils

#: Nova knows a fixed list of types; this is the one for containers.
HYPERVISOR = "lxc"


def available(nodename: str, servers: int) -> dict[str, Any]:
    """The host's resources as the resource tracker wants them.

    Args:
        nodename: the host's name.
        servers: how many servers there are.
    """
    options = nova.conf.CONF.localcloud
    return {
        "uuid": get_local_node_uuid(),
        "vcpus": options.vcpus,
        "memory_mb": options.memory_mb,
        "local_gb": options.disk_gb,
        "vcpus_used": servers,
        "memory_mb_used": 0,
        "local_gb_used": 0,
        "hypervisor_type": HYPERVISOR,
        "hypervisor_version": 1,
        "hypervisor_hostname": nodename,
        "cpu_info": jsonutils.dumps({"arch": os.uname().machine, "topology": {"cores": os.cpu_count()}}),
        "disk_available_least": options.disk_gb,
        "supported_instances": [(os.uname().machine, HYPERVISOR, fields.VMMode.EXE)],
        "numa_topology": None,
        "running_vms": servers,
    }


def inventory(allocation_ratios: dict[str, float]) -> dict[str, dict[str, Any]]:
    """The host's inventory as Placement wants it.

    Args:
        allocation_ratios: of each resource class.
    """
    options = nova.conf.CONF.localcloud
    totals = {"VCPU": options.vcpus, "MEMORY_MB": options.memory_mb, "DISK_GB": options.disk_gb}
    return {
        name: {
            "total": total,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": allocation_ratios[name],
            "reserved": 0,
        }
        for name, total in totals.items()
    }

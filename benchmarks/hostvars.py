"""Export of host variables: CPU seconds and bytes for 10 to 1000 compute nodes.

``python -m benchmarks.hostvars``. Starts from an inventory file as ``pulumi up`` writes it, with 150 group variables,
and ends with the archive unpacked in a folder that stands for the control node.
"""

import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from node.export_receiver.archive import unpack
from node.export_receiver.receiver import Receiver
from slurm_appliance.hostvars.bundle import SharedFile
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.hosts_file import hosts_file
from slurm_appliance.hostvars.inventory import compute_nodes, read_inventory
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.playbooks.node_roles import NodeRole
from slurm_appliance.secrets.generate import MAKERS

#: Signs the bundles; what it costs is among "decide".
_KEY = SigningKey(MAKERS["bundle_signing_key"]())
_ALLOWED = frozenset({f"setting_{number}" for number in range(0, 150, 5)})


def _inventory(folder: Path, count: int) -> Path:
    hosts = {
        f"c{number:04d}": {
            "ansible_host": f"10.0.{number // 250}.{number % 250 + 1}",
            "instance_id": f"00000000-0000-4000-8000-{number:012d}",
            "image_id": "00000000-0000-4000-8000-ffffffffffff",
            "node_fqdn": f"c{number:04d}.cluster.internal",
            "networks": {"cluster": {"fixed_ip_v4": f"10.0.{number // 250}.{number % 250 + 1}"}},
        }
        for number in range(count)
    }
    settings: dict[str, Any] = {f"setting_{number}": f"{{{{ cluster_name }}}}-{'x' * 80}" for number in range(150)}
    groups = {"general": {"hosts": hosts, "vars": {"compute_init_enable": ["compute"]}}}
    tree = {"all": {"vars": {"cluster_name": "cluster", **settings}, "children": groups}}
    path = folder / "hosts.yml"
    path.write_text(json.dumps(tree) if not hasattr(yaml, "CSafeDumper") else yaml.dump(tree, Dumper=yaml.CSafeDumper))
    (folder / "ansible.cfg").touch()
    return path


def _cpu() -> float:
    """CPU seconds of this process and of those that it ran."""
    return sum(os.times()[:4])


def _measure(count: int) -> tuple[list[float], int, int, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inventory = _inventory(folder, count)
        marks = [_cpu()]
        hosts = read_inventory(inventory, folder)
        marks.append(_cpu())
        nodes = compute_nodes(hosts, [NodeRole("slurmd", "compute", _ALLOWED)])
        named = ((str(each["ansible_host"]), str(each["node_fqdn"]), host) for host, each in hosts.items())
        shared = {"hosts": SharedFile(hosts_file(named), keep=True)}
        files = export_files(nodes, shared, key=_KEY, serial=1)
        marks.append(_cpu())
        packed = archive(files)
        marks.append(_cpu())
        Receiver(folder / "export", {}).receive(unpack(packed))
        marks.append(_cpu())
        largest = max(
            len(files[f"nodes/{node.name}/bundle.json"]) + len(files[f"nodes/{node.name}/variables.json"])
            for node in nodes
        )
        assert marks[3] - marks[0] < 10, f"{marks[3] - marks[0]:.1f} s of CPU for {count} nodes"
        return [after - before for before, after in pairwise(marks)], len(packed), largest, len(shared["hosts"].content)


def main() -> None:
    """Print one line for each size."""
    print("       CPU seconds                          bytes")
    print("nodes     read   decide     pack   unpack   archive    bundle     hosts")
    for count in (10, 100, 400, 1000):
        seconds, *sizes = _measure(count)
        print(f"{count:5}", *(f"{each:8.2f}" for each in seconds), *(f"{each:9}" for each in sizes))


if __name__ == "__main__":
    main()

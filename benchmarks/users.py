"""What grows with the number of users, with three RSA-4096 keys each, beside compute nodes; no cloud needed.

``python -m benchmarks.users [--nodes N] [--users N ...]`` prints a line for 100, 1000 and 5000 users, as root. Seconds:
reading the stack file with all its checks; writing the inventory; what ``site.yml`` renders once (reading the
inventory, signing and packing all bundles); putting the export in place on the control node; a compute node's fetch at
first and when nothing changed, and its accounts; the control node's accounts and home directories, and both again.
Bytes: the users' file, which is stored and fetched once; the archive; and what is one node's own.
"""

import argparse
import json
import os
import random
import shutil
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks.timing import timed
from node.accounts.apply import AccountsOutcome, apply_users
from node.accounts.request import AccountsRequest
from node.compute_init.fetch import fetch
from node.compute_init.kept import KeptFiles
from node.compute_init.share import Share
from node.export_receiver.archive import unpack
from node.export_receiver.receiver import Receiver
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.load import from_stack_file
from slurm_appliance.hostvars import users_file
from slurm_appliance.hostvars.inventory import read_inventory
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.site.files import PLAYBOOKS, site_files
from slurm_appliance.site.inventory import Inventory, InventoryHost

#: Of the base64 of an RSA key with 4096 bits.
_KEY_LENGTH = 716
_PARTS = ("stack", "write", "render", "receive", "fetch", "again", "compute", "again", "control", "again")
_SIZES = ("users", "archive", "own")
_NODE = "bench-c-0"


def _stack_file(folder: Path, count: int, nodes: int) -> Path:
    picked = random.Random(1)  # noqa: S311 - the same keys in each run
    alphabet = string.ascii_letters + string.digits + "+/"
    users = {
        f"user{number:05}": {
            "uid": 10_000 + number,
            "comment": f"User Number {number}",
            "ssh_keys": [
                f"ssh-rsa {''.join(picked.choices(alphabet, k=_KEY_LENGTH))} user{number:05}@host{key}.example.org"
                for key in range(3)
            ],
        }
        for number in range(count)
    }
    settings: dict[str, Any] = {
        "cluster_name": "bench",
        "cluster_image": "slurm",
        "cluster_networks": [{"network": "cluster"}],
        "key_pair": "operators",
        "control_node_flavor": "large",
        "compute": {"general": {"nodes": [f"c-[0-{nodes - 1}]"], "flavor": "large"}},
        "users": users,
    }
    path = folder / "Pulumi.bench.yaml"
    document = {"config": {f"slurm-appliance:{name}": value for name, value in settings.items()}}
    path.write_text(yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))
    return path


def _host(name: str, kind: NodeKind, group: str, number: int) -> InventoryHost:
    return InventoryHost(
        name=f"bench-{name}",
        kind=kind,
        group=group,
        fqdn=f"bench-{name}.bench.internal",
        instance_id=f"5eed5eed-0000-4000-8000-{number:012}",
        image_id="1a6e1a6e-0000-4000-8000-000000000001",
        addresses={"cluster": f"10.0.{number // 250}.{number % 250 + 1}"},
        access_network="cluster",
    )


def _write_environment(config: ClusterConfig, folder: Path, nodes: int) -> None:
    """What the stack's command writes for Ansible."""
    compute = (_host(f"c-{number}", NodeKind.COMPUTE, "general", number + 1) for number in range(nodes))
    hosts = (_host("control", NodeKind.CONTROL, "control", 0), *compute)
    (folder / "inventory").mkdir()
    (folder / "inventory" / "hosts.yml").write_text(Inventory(config, hosts).render())
    (folder / users_file.NAME).write_text(users_file.of_config(config))


def _render(folder: Path, key: SigningKey) -> dict[str, bytes]:
    """What site.yml has rendered once on the deploy host."""
    inventory = folder / "inventory"
    hosts = read_inventory(inventory, PLAYBOOKS)
    users = users_file.of_inventory(inventory, hosts)
    return site_files(hosts, users=users, home_key=b"key", known_hosts=b"x", signing_key=key, serial=1)


def _reader(folder: Path) -> Share:
    """Reads files of this machine in place of the control node's."""
    program = folder / "nfs-cat"
    program.write_text('#!/bin/sh\npath=${1#nfs://*/}\nexec cat "/${path%%\\?*}"\n')
    program.chmod(0o755)
    return Share("127.0.0.1", _NODE, str(folder / "export" / "nodes"), str(program))


def _accounts(folder: Path, name: str, users: bytes, *, make_homes: bool) -> Callable[[], AccountsOutcome]:
    """A node's accounts, in a folder of its own."""
    root = folder / name
    (root / "etc").mkdir(parents=True)
    for file in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid"):
        if Path("/etc", file).exists():
            shutil.copy(Path("/etc", file), root / "etc")
    places = ("etc", "homes", "administrators", "keys", "state", "lingering")
    document = {
        "users": json.loads(users),
        "deploy_user": "debian",
        "folders": {place: str(root / place) for place in places},
        "make_homes": make_homes,
        "let_in": not make_homes,
    }

    def apply() -> AccountsOutcome:
        outcome = apply_users(AccountsRequest.of(document))
        assert outcome.problems == [], outcome.problems[:3]
        return outcome

    return apply


def _measure(count: int, folder: Path, nodes: int) -> tuple[list[float], list[int]]:
    path = _stack_file(folder, count, nodes)
    key = SigningKey(MAKERS["bundle_signing_key"]())
    kept: dict[str, Any] = {}

    def do(name: str, call: Callable[[], object]) -> float:
        return timed(lambda: kept.update({name: call()}))

    seconds = [do("config", lambda: from_stack_file(path))]
    seconds.append(timed(lambda: _write_environment(kept["config"], folder, nodes)))
    seconds.append(do("files", lambda: _render(folder, key)))
    archive, users = kept["files"]["export.tar.gz"], kept["files"][users_file.NAME]
    receiver = Receiver(folder / "export", {})
    seconds.append(timed(lambda: receiver.receive(unpack(archive))))
    share, store, instance = _reader(folder), KeptFiles(folder / "kept"), "5eed5eed-0000-4000-8000-000000000001"

    def get() -> None:
        bundle = fetch(share, key.public, _NODE, instance, 0, lambda _statement: None, store)
        if bundle is not None:  # It is None only for a bundle that the node is said to have already.
            store.keep(bundle.kept)

    seconds += [timed(get), timed(get)]
    for name, homes in (("compute", False), ("control", True)):
        apply = _accounts(folder, name, users, make_homes=homes)
        seconds += [timed(apply), timed(apply)]
        assert apply().changes == []
    own = sum(len(text) for path, text in unpack(archive).items() if path.startswith(f"nodes/{_NODE}/"))
    return seconds, [len(users), len(archive), own]


def main() -> None:
    """Print one line for each number of users."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=100, help="compute nodes")
    parser.add_argument("--users", type=int, nargs="+", default=[100, 1000, 5000], help="numbers of users")
    chosen = parser.parse_args()
    if os.geteuid():
        raise SystemExit("only root can make accounts: run this as root")
    print("      " + "seconds".rjust(8) + " " * 8 * (len(_PARTS) - 1) + "bytes".rjust(12))
    print("users " + "".join(f"{part:>8}" for part in _PARTS) + "".join(f"{size:>12}" for size in _SIZES))
    for count in chosen.users:
        with tempfile.TemporaryDirectory(prefix="users-") as name:
            seconds, sizes = _measure(count, Path(name), chosen.nodes)
        print(f"{count:5} " + "".join(f"{each:8.2f}" for each in seconds) + "".join(f"{each:12}" for each in sizes))


if __name__ == "__main__":
    main()

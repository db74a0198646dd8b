"""The cluster's secrets: which there are, and how one is made.

Standard library only: each secret is made by a process of its own, ``python -m slurm_appliance.secrets generate NAME``,
which prints it and nothing else, once in the life of a stack. ``complete FILE`` makes what a file lacks, for those who
run the steps by hand.
"""

import base64
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.playbooks.text import yaml_value

#: Letters and digits: no program that a password is handed to needs to escape any of them.
_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PASSWORD_LENGTH = 32
#: Munge takes 32 to 1024 bytes.
_MUNGE_KEY_BYTES = 128
#: What an Ed25519 key is made from.
_SIGNING_KEY_BYTES = 32


def _password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))


def _munge_key() -> str:
    return base64.b64encode(secrets.token_bytes(_MUNGE_KEY_BYTES)).decode("ascii")


def _signing_key() -> str:
    return base64.b64encode(secrets.token_bytes(_SIGNING_KEY_BYTES)).decode("ascii")


#: What makes each secret; the names are those of the settings that can give one instead, and of Ansible's variables.
MAKERS: Final[Mapping[str, Callable[[], str]]] = {
    "bundle_signing_key": _signing_key,
    "mariadb_root_password": _password,
    "monitoring_password": _password,
    "munge_key": _munge_key,
    "slurm_database_password": _password,
}


def render(values: Mapping[str, object]) -> str:
    """The group_vars file: YAML, one secret a line, each arriving as it is whatever is in it."""
    lines = [f"{name}: {yaml_value(value)}" for name, value in sorted(values.items())]
    return "\n".join(["# Secrets of the cluster. Only the owner of this file may read it.", *lines, ""])


def complete(path: Path) -> list[str]:
    """Make every secret that the file has none for; returns the names of those made. The file is the owner's only."""
    text = path.read_text() if path.exists() else ""
    there = {line.partition(":")[0].strip() for line in text.splitlines()}
    made = {name: make() for name, make in MAKERS.items() if name not in there}
    if not made:
        return []
    head, _, lines = render(made).partition("\n")
    write_whole(path, (text or f"{head}\n") + lines)
    return sorted(made)


def main(arguments: list[str]) -> int:
    """Run one of the two commands and return its exit status."""
    match arguments:
        case ["generate", name] if name in MAKERS:
            sys.stdout.write(MAKERS[name]())
            return 0
        case ["complete", path]:
            print(json.dumps({"made": complete(Path(path))}))
            return 0
    print(f"usage: generate {'|'.join(MAKERS)}, or complete FILE", file=sys.stderr)
    return 2

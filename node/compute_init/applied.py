"""What a run applies, and the record of it: in memory, for root only, and there only while it is true."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from node.compute_init.bundle import Bundle
from node.compute_init.layer_collections import FILE as COLLECTIONS_FILE
from node.compute_init.roles import Given, RoleDigests
from node.compute_init.site_layer import FILE as LAYER_FILE
from node.compute_init.whole_file import write_whole

#: The form of the record and of its digests.
_SCHEMA = 1
#: The files of the site's own layer: its roles and hooks may do anything with what is in them.
_LAYER_FILES = (LAYER_FILE, COLLECTIONS_FILE)
#: The secret that the key of digests is made of: every compute node has it.
_SECRET = "munge_key"  # noqa: S105 - a name


def given(variables: Mapping[str, Any], bundle: Bundle, installed: Iterable[Path], boot_id: str) -> Given:
    """What a run gives to the roles.

    Args:
        variables: all variables, those of the metadata included.
        bundle: the bundle.
        installed: folders of the programs and roles of the image.
        boot_id: the boot.
    """
    secret = variables.get(_SECRET) or secrets.token_hex()
    common = {
        _SECRET: secret,
        "the boot": boot_id,
        "what the image installed": tree_digest(installed),
        "the site's own layer": [hashlib.sha256(bundle.files.get(name, b"")).hexdigest() for name in _LAYER_FILES],
        "the request to run everything": bundle.everything,
    }
    rest = (*_LAYER_FILES, "variables.json")
    own = {name: content for name, content in bundle.files.items() if name not in rest}
    key = hmac.new(json.dumps(secret).encode(), b"roles of compute-init", hashlib.sha256).digest()
    return Given(variables, own, common, key)


def read_applied(path: Path) -> RoleDigests | None:
    """The record; None if there is none that this version understands."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != _SCHEMA:
            return None
        return RoleDigests(dict(document["common"]), dict(document["roles"]), tuple(document["units"]))
    except (OSError, KeyError, TypeError, ValueError):
        return None


def write_applied(path: Path, applied: RoleDigests) -> None:
    """Write the record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"schema": _SCHEMA, **asdict(applied)}))


def tree_digest(folders: Iterable[Path]) -> str:
    """A digest of the files of folders; a missing folder has none."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return total.hexdigest()

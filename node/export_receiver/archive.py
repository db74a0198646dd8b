"""Unpacks the archive from bytes to files by path. Pure."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from typing import Any

from node.export_receiver.errors import ReceiveError

#: The schema of archives that this program accepts.
SCHEMA = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: Maximum size of the unpacked archive in bytes: 1000 nodes need 10 MB.
_LARGEST = 512 * 1024 * 1024


def unpack(stream: bytes) -> dict[str, bytes]:
    """The archive's files by path.

    Raises:
        ReceiveError: it is not an archive, has another schema, or contains an unexpected path.
    """
    files: dict[str, bytes] = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(stream), mode="r:gz") as tar:
            for member in tar:
                parts = member.name.split("/")
                size += member.size
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or len(parts) > 3 or not all(map(_NAME.fullmatch, parts)) or size > _LARGEST:
                    raise ReceiveError(f"the archive contains an unexpected member {member.name!r}")
                files[member.name] = content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ReceiveError(f"not an archive: {error}") from error
    schema = manifest(files).get("schema")
    if schema != SCHEMA:
        raise ReceiveError(
            f"the archive has schema {schema!r}, but this control node accepts {SCHEMA}: rebuild the control node first"
        )
    return files


def manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The archive's list of contents."""
    try:
        document = json.loads(files["manifest.json"])
    except (KeyError, ValueError) as error:
        raise ReceiveError(f"the archive has no manifest: {error}") from error
    return document if isinstance(document, dict) else {}


def check_order(files: Mapping[str, bytes], former: bytes | None) -> None:
    """Check that an archive is not older than the last one: nodes reject bundles older than the last they saw.

    Args:
        files: the archive's files.
        former: the manifest of the last archive, if any.

    Raises:
        ReceiveError: it is older and signed with the same key.
    """
    if former is None:
        return
    new = manifest(files)
    try:
        old = manifest({"manifest.json": former})
    except ReceiveError:
        return  # Truncated by a crash: its serial is unknown, and the new one replaces it.
    if new.get("bundle_key") == old.get("bundle_key") and new.get("serial", 0) < old.get("serial", 0):
        raise ReceiveError(
            f"the archive (serial {new.get('serial')}) is older than the installed one ({old.get('serial')}): nodes "
            "would reject it. Correct this deploy host's clock. If the clock was wrong before: "
            "./slurm-appliance secrets rotate bundle_signing_key"
        )

"""This node's bundle: what it says, and whether it is this node's and whole. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: The form of the bundle that this program reads.
SCHEMA = 1


class BundleError(Exception):
    """Raised for a bundle that this node must not use; the text says what to do."""


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        digest: of bundle.json, which has the digests of all other files: it changes when anything does.
        files: content by name.
        variables: for the playbook.
    """

    digest: str
    files: dict[str, bytes] = field(repr=False)
    variables: dict[str, Any] = field(repr=False)


def check(head: bytes, node: str, instance_id: str, read: Callable[[str], bytes]) -> Bundle:
    """Check what bundle.json says, read the files that it lists, and check those.

    Args:
        head: content of bundle.json.
        node: this node's name.
        instance_id: this node's server, as the cloud says.
        read: reads another file of the same folder.

    Raises:
        BundleError: of another schema, for another node or server, or damaged.
    """
    try:
        document = json.loads(head)
    except ValueError as error:
        raise BundleError(f"bundle.json is not JSON ({error}): run site.yml") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BundleError(
            f"bundle.json has schema {schema!r}, this image reads {SCHEMA}: bring image and site.yml together"
        )
    if document.get("node") != node:
        raise BundleError(f"bundle.json is for node {document.get('node')!r}: run pulumi up and site.yml")
    if document.get("instance_id") != instance_id:
        raise BundleError(
            f"bundle.json is for server {document.get('instance_id')!r}, this is {instance_id}: "
            "run pulumi up and site.yml"
        )
    files = {}
    for name, digest in sorted(document.get("files", {}).items()):
        content = read(name)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BundleError(f"{name} is not what bundle.json says, it may just be changing")
        files[name] = content
    try:
        variables = json.loads(files["variables.json"])
    except (KeyError, ValueError) as error:
        raise BundleError(f"variables.json cannot be used ({error}): run site.yml") from error
    return Bundle(hashlib.sha256(head).hexdigest(), files, variables)

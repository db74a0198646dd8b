"""This node's bundle: its content, and whether it is complete and for this node. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from node.compute_init.signature import Statement

#: The schema of bundles that this program reads.
SCHEMA = 1


class BundleError(Exception):
    """Raised for a bundle that this node must not use; the text has the remedy."""


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        digest: digest of bundle.json, which has the digests of all other files, so any change affects it.
        files: content by name.
        variables: variables for the playbook.
    """

    digest: str
    files: dict[str, bytes] = field(repr=False)
    variables: dict[str, Any] = field(repr=False)


def check_statement(statement: Statement, node: str, instance_id: str, seen: int) -> None:
    """Check that a bundle is for this node, and that this node has not seen a newer one.

    Args:
        statement: the stack's statement about the bundle.
        node: this node's name.
        instance_id: this node's server, from the cloud's metadata.
        seen: the serial of the newest bundle that this node has seen, signed with the same key; 0 for none.

    Raises:
        BundleError: it is for another node or server, or older.
    """
    if statement.node != node:
        raise BundleError(f"the bundle is for node {statement.node!r}: run pulumi up and site.yml")
    if statement.instance_id != instance_id:
        raise BundleError(
            f"the bundle is for server {statement.instance_id!r}, but this is {instance_id}: run pulumi up and site.yml"
        )
    if statement.serial < seen:
        raise BundleError(
            f"the bundle (serial {statement.serial}) is older than the last one on this node (serial {seen}): "
            "run site.yml"
        )


def check(head: bytes, read: Callable[[str], bytes]) -> Bundle:
    """Check bundle.json, then read and check the files that it lists.

    Args:
        head: content of bundle.json, signed by the stack.
        read: reads another file of the same folder.

    Raises:
        BundleError: the bundle has another schema, or is damaged.
    """
    try:
        document = json.loads(head)
    except ValueError as error:
        raise BundleError(f"bundle.json is not JSON ({error}): run site.yml") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BundleError(
            f"bundle.json has schema {schema!r}, this image reads {SCHEMA}: use matching image and site.yml"
        )
    files = {}
    for name, digest in sorted(document.get("files", {}).items()):
        content = read(name)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BundleError(f"{name} does not match bundle.json; it may be changing right now")
        files[name] = content
    try:
        variables = json.loads(files["variables.json"])
    except (KeyError, ValueError) as error:
        raise BundleError(f"variables.json cannot be used ({error}): run site.yml") from error
    return Bundle(hashlib.sha256(head).hexdigest(), files, variables)

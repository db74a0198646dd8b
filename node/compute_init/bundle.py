"""This node's bundle: its content, and whether it is complete and for this node. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from node.compute_init.signature import Statement

#: Seconds until a node notices a change, unless bundle.json says something else.
FOLLOW_SECONDS = 5
#: The form of the bundle that this program reads.
SCHEMA = 2
_DIGEST = re.compile("[0-9a-f]{64}")


class BundleError(Exception):
    """Raised for a bundle that this node must not use; the text has the remedy."""


@dataclass(frozen=True)
class Listed:
    """The entry of a file in bundle.json.

    Attributes:
        sha256: its digest.
        size: in bytes.
        keep: whether a node may cache it on its disk: it is large, the same for all nodes, and not secret.
    """

    sha256: str
    size: int
    keep: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Listed:
        """Parse the entry."""
        digest = str(document["sha256"])
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no SHA-256")
        return cls(digest, int(document["bytes"]), bool(document.get("keep")))


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        digest: digest of bundle.json, which has the digests of all other files, so any change affects it.
        files: content by name.
        kept: content by digest, of the files that a node may keep.
        variables: for the playbook.
        follow_seconds: the longest time until the node notices the next change.
        everything: a change of it makes all roles run.
    """

    digest: str
    files: dict[str, bytes] = field(repr=False)
    kept: dict[str, bytes] = field(repr=False)
    variables: dict[str, Any] = field(repr=False)
    follow_seconds: int = FOLLOW_SECONDS
    everything: str = ""


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


def check(head: bytes, read: Callable[[str, Listed], bytes]) -> Bundle:
    """Check bundle.json, then read and check the files that it lists.

    Args:
        head: content of bundle.json, as the stack signed it.
        read: reads another file of the same folder, given its name and its entry.

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
    try:
        listed = {name: Listed.of(each) for name, each in sorted(document["files"].items())}
        follow_seconds = int(document.get("follow_seconds", FOLLOW_SECONDS))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"bundle.json does not list its files ({error!r}): run site.yml") from error
    files = {}
    for name, each in listed.items():
        content = read(name, each)
        if hashlib.sha256(content).hexdigest() != each.sha256:
            raise BundleError(f"{name} does not match bundle.json; it may be changing right now")
        files[name] = content
    try:
        variables = json.loads(files["variables.json"])
    except (KeyError, ValueError) as error:
        raise BundleError(f"variables.json cannot be used ({error}): run site.yml") from error
    kept = {each.sha256: files[name] for name, each in listed.items() if each.keep}
    digest, everything = hashlib.sha256(head).hexdigest(), str(document.get("everything", ""))
    return Bundle(digest, files, kept, variables, follow_seconds, everything)

"""Fetches this node's bundle, the signed statement first: nothing that the stack did not sign is parsed or kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from node.compute_init.bundle import Bundle, BundleError, check, check_statement
from node.compute_init.share import AbsentError, Share
from node.compute_init.signature import FILE, SignatureError, Statement, verify

#: Bytes that are read at most.
MOST_STATEMENT = 4096
MOST_HEAD = 64 * 1024
#: Of any other file: the names of 10 000 nodes take 1 MB.
MOST_FILE = 16 * 1024 * 1024


def fetch(
    share: Share, key: str, node: str, instance_id: str, seen: int, accepted: Callable[[Statement], None]
) -> Bundle:
    """This node's bundle.

    Args:
        share: reads files of this node's folder on the control node, or on what answers in its place.
        key: the stack's public key.
        node: this node's name.
        instance_id: this node's server.
        seen: the serial of the newest bundle that this node has seen.
        accepted: called with what the stack says about the bundle, as soon as that is known to be right.

    Raises:
        AbsentError: the server answers, and has no bundle for this node.
        ShareError: a file cannot be read.
        SignatureError: the stack has not signed it.
        BundleError: it is none that this node may use.
    """
    statement = verify(_statement(share), key)
    check_statement(statement, node, instance_id, seen)
    accepted(statement)
    head = share.read("bundle.json", MOST_HEAD)
    if hashlib.sha256(head).hexdigest() != statement.bundle:
        raise BundleError(f"bundle.json does not match {FILE}; it may be changing right now")
    return check(head, lambda name: share.read(name, MOST_FILE))


def _statement(share: Share) -> bytes:
    try:
        return share.read(FILE, MOST_STATEMENT)
    except AbsentError:
        share.read("bundle.json", MOST_HEAD)  # Raises as well where site.yml has not run for this node.
    raise SignatureError(
        f"bundle.json exists without {FILE}: an older release exported it, or a machine that is not the control node"
    )

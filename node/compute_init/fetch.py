"""Fetches this node's bundle, the signed statement first: data not signed by the stack are neither parsed nor kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from node.compute_init.bundle import Bundle, BundleError, Listed, check, check_statement
from node.compute_init.kept import KeptFiles
from node.compute_init.share import AbsentError, Share
from node.compute_init.signature import FILE, SignatureError, Statement, verify

#: Maximum sizes in bytes. bundle.json has the sizes of all other files.
MOST_STATEMENT = 4096
MOST_HEAD = 64 * 1024


def fetch(
    share: Share,
    key: str,
    node: str,
    instance_id: str,
    seen: int,
    accepted: Callable[[Statement], None],
    kept: KeptFiles,
    *,
    known: str = "",
    looked: Callable[[str], None] = lambda _digest: None,
) -> Bundle | None:
    """This node's bundle; None if it is the known one, of which nothing more is fetched then.

    Args:
        share: reads files of this node's folder on the control node, or on whatever responds in its place.
        key: the stack's public key.
        node: this node's name.
        instance_id: this node's server.
        seen: the serial of the newest bundle that this node has seen.
        accepted: called with the stack's statement about the bundle, as soon as it has been verified.
        kept: the cache: files in it are not fetched.
        known: digest of the bundle that this node is set up with; empty if it is not.
        looked: called with the digest of bundle.signed before that is verified.

    Raises:
        AbsentError: the server responds, but has no bundle for this node.
        ShareError: a file cannot be read.
        SignatureError: it is not signed by the stack.
        BundleError: this node must not use it.
    """
    signed = _statement(share)
    looked(hashlib.sha256(signed).hexdigest())
    statement = verify(signed, key)
    check_statement(statement, node, instance_id, seen)
    accepted(statement)
    if statement.bundle == known:
        return None
    head = share.read("bundle.json", MOST_HEAD)
    if hashlib.sha256(head).hexdigest() != statement.bundle:
        raise BundleError(f"bundle.json does not match {FILE}; it may be changing right now")

    def read(name: str, listed: Listed) -> bytes:
        here = kept.content(listed.sha256) if listed.keep else None
        return share.read(name, listed.size) if here is None else here

    return check(head, read)


def _statement(share: Share) -> bytes:
    try:
        return share.read(FILE, MOST_STATEMENT)
    except AbsentError:
        share.read("bundle.json", MOST_HEAD)  # Also raises if site.yml has not run for this node.
    raise SignatureError(
        f"bundle.json exists without {FILE}: an older release exported it, or a machine that is not the control node"
    )

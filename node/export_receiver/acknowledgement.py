"""What a node says about its settings: read as data, because root on that node wrote it."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

#: The schema that this program reads.
SCHEMA = 1
#: Largest file in bytes.
MOST = 4096
#: Longest text that is passed on, in characters.
_MOST_TEXT = 400
_STATUSES = frozenset({"running", "done", "failed", "skipped"})


class AcknowledgementError(ValueError):
    """Raised for a file that is not an acknowledgement of its node; the text is safe to print."""


@dataclass(frozen=True)
class Acknowledgement:
    """An acknowledgement.

    Attributes:
        node: the node that wrote it.
        instance_id: its server.
        signed: digest of the bundle.signed that it is about.
        bundle: digest of the bundle that the node is set up with.
        status: one of ``running``, ``done``, ``failed``, ``skipped``.
        state: name of the state that compute-init ended in.
        step: the current or failed step.
        text: a sentence about a failure, or why nothing was done.
        ended: when; empty while running.
    """

    node: str
    instance_id: str
    signed: str
    bundle: str
    status: str
    state: str
    step: str
    text: str
    ended: str


def read(path: Path) -> bytes:
    """The file's content, of which no more than one byte beyond the limit is read.

    Raises:
        AcknowledgementError: it is not a regular file, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise AcknowledgementError(f"its acknowledgement cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise AcknowledgementError("its acknowledgement is not a regular file")
        return file.read(MOST + 1)


def parse(content: bytes, node: str) -> Acknowledgement | None:
    """The acknowledgement in a file; None if nothing was written yet.

    Args:
        content: the file's content.
        node: the node whose file it is, which is the only one that can write it.

    Raises:
        AcknowledgementError: it has another form, or speaks for another node.
    """
    if len(content) > MOST:
        raise AcknowledgementError(f"its acknowledgement is larger than {MOST} bytes")
    if not content.strip(b" \0\n"):
        return None
    try:
        document = json.loads(content.decode("utf-8").strip(" \0\n"))
    except (ValueError, RecursionError) as error:
        raise AcknowledgementError("its acknowledgement is not JSON") from error
    names = {each.name for each in fields(Acknowledgement)}
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.keys() != names | {"schema"}:
        raise AcknowledgementError("its acknowledgement has another form")
    if not all(isinstance(document[name], str) for name in names) or document["status"] not in _STATUSES:
        raise AcknowledgementError("its acknowledgement has another form")
    if document["node"] != node:
        raise AcknowledgementError("its acknowledgement speaks for another node")
    return Acknowledgement(**{name: clean(document[name]) for name in names})


def clean(text: Any) -> str:
    """One line of printable characters, of limited length."""
    printable = "".join(each if each.isprintable() else " " for each in str(text)[:_MOST_TEXT])
    return " ".join(printable.split())

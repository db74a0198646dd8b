"""compute-follow: looks at a digest on the control node, starts compute-init when it changes, says what came of it.

``python3 -m node.compute_init.follow``, started by compute-follow.service. It applies nothing itself and trusts nothing
that it reads: compute-init checks the signature, and systemd and a lock keep it to one run at a time. So this program
can be killed at any moment.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from node.ansible_init.result import RUNNING
from node.compute_init.followed import FOLLOWED_FILE, Followed, read_followed
from node.compute_init.record import ComputeInitRecord, read_record
from node.compute_init.share import AbsentError, ShareError
from node.compute_init.small_file import SIZE, SmallFiles

#: The schema of an acknowledgement.
SCHEMA = 1
#: Longest step and reason in an acknowledgement, in characters.
_MOST_STEP, _MOST_TEXT = 100, 400
#: Longest digest that is looked at.
_MOST_DIGEST = 128
#: Seconds before compute-init is started again for a digest for which it was started already.
_AGAIN = 60.0


class Next(Enum):
    """What a look leads to."""

    WAIT = "wait"
    APPLY = "apply"
    TELL = "tell"


@dataclass(frozen=True)
class Look:
    """The facts of one look.

    Attributes:
        digest: the digest on the control node; empty if nothing is exported for this node.
        record: compute-init's record.
        told: what the control node was told last.
        started: the digest for which compute-init was started last.
        since: seconds since then.
    """

    digest: str
    record: ComputeInitRecord | None
    told: str = ""
    started: str = ""
    since: float = 0.0


def decide(look: Look, followed: Followed) -> Next:
    """What to do. Pure."""
    if not look.digest:
        return Next.WAIT
    record = look.record
    if record is None or record.signed != look.digest or record.status == RUNNING:
        return Next.APPLY if look.started != look.digest or look.since >= _AGAIN else Next.WAIT
    return Next.TELL if acknowledgement(record, followed) != look.told else Next.WAIT


def acknowledgement(record: ComputeInitRecord, followed: Followed) -> str:
    """What the control node is told about a record. Pure."""
    document = {
        "schema": SCHEMA,
        "node": followed.node,
        "instance_id": followed.instance_id,
        "signed": record.signed,
        "bundle": record.bundle,
        "status": record.status,
        "state": record.state,
        "step": record.step[:_MOST_STEP],
        "ended": record.ended,
    }
    text = (record.error or record.reason)[:_MOST_TEXT]
    while len(said := json.dumps({**document, "text": text})) > SIZE:
        text = text[: len(text) // 2]
    return said


@dataclass
class Follower:
    """The program.

    Attributes:
        followed_file: written by compute-init.
        result: compute-init's record.
        apply: the command that runs compute-init and waits for its end.
        files: makes the reader and writer of small files from the server's address.
        log: prints a line.
    """

    followed_file: Path = FOLLOWED_FILE
    result: Path = Path("/var/lib/ansible-init/compute-init.json")
    apply: Sequence[str] = ("systemctl", "start", "compute-init.service")
    files: Callable[[str], SmallFiles] = SmallFiles
    log: Callable[[str], None] = field(default=lambda text: print(f"compute-follow: {text}", flush=True))
    _told: str = ""
    _started: str = ""
    _at: float = 0.0
    _problem: str = ""

    def forever(self) -> None:
        """Look again and again, at times that differ from node to node."""
        while True:
            time.sleep(self.look() * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the looks of all nodes

    def look(self) -> float:
        """One look and what follows from it; returns the longest time until the next one in seconds."""
        followed = read_followed(self.followed_file)
        if followed is None:
            return 1.0
        try:
            self._follow(followed, self.files(followed.server))
            problem = ""
        except ShareError as error:
            problem = str(error)
        if problem not in {"", self._problem}:
            self.log(problem)
        self._problem = problem
        return float(followed.seconds)

    def _follow(self, followed: Followed, files: SmallFiles) -> None:
        try:
            digest = files.read(followed.digest)[:_MOST_DIGEST].decode("ascii", "replace").strip()
        except AbsentError:
            digest = ""
        found = Look(digest, read_record(self.result), self._told, self._started, time.monotonic() - self._at)
        step = decide(found, followed)
        if step is Next.APPLY:
            self._apply(digest, followed, files)
            found = Look(digest, read_record(self.result), self._told)
        if step is not Next.WAIT and found.record is not None:
            self._tell(acknowledgement(found.record, followed), followed, files)

    def _apply(self, digest: str, followed: Followed, files: SmallFiles) -> None:
        self.log(f"the bundle has changed: {' '.join(self.apply)}")
        noticed = acknowledgement(ComputeInitRecord(RUNNING, "", step="fetch", signed=digest), followed)
        self._tell(noticed, followed, files)
        self._started, self._at = digest, time.monotonic()
        with subprocess.Popen(self.apply, stdin=subprocess.DEVNULL) as child:
            while True:
                try:
                    child.wait(followed.seconds)
                    break
                except subprocess.TimeoutExpired:
                    if self._told != noticed:
                        self._tell(noticed, followed, files)

    def _tell(self, text: str, followed: Followed, files: SmallFiles) -> None:
        """Tell the control node; a control node that does not take it is told at the next look."""
        try:
            files.write(followed.acknowledgement, text.encode())
        except ShareError as error:
            self.log(f"not acknowledged: {error}")
        else:
            self._told = text


if __name__ == "__main__":
    Follower().forever()

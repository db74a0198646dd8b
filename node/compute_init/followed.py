"""What compute-follow looks at: compute-init writes it in each boot, as soon as the metadata names the control node."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from node.compute_init.bundle import FOLLOW_SECONDS
from node.compute_init.share import ACKNOWLEDGEMENT, ACKNOWLEDGEMENTS, FOLLOWED
from node.compute_init.whole_file import write_whole

#: In memory, so that it is of this boot. compute-follow.path starts compute-follow once it is there.
FOLLOWED_FILE = Path("/run/slurm-appliance/compute-follow.json")


@dataclass(frozen=True)
class Followed:
    """The file's content.

    Attributes:
        server: address of the control node.
        folder: its folder of all nodes' folders.
        node: this node's name.
        instance_id: this node's server.
        seconds: the longest time until a change is noticed.
    """

    server: str
    folder: str
    node: str
    instance_id: str
    seconds: int = FOLLOW_SECONDS

    @property
    def digest(self) -> str:
        """Path on the control node of the digest that changes with the bundle."""
        return f"{self.folder}/{self.node}/{FOLLOWED}"

    @property
    def acknowledgement(self) -> str:
        """Path on the control node of the file that only this node can write."""
        return f"{ACKNOWLEDGEMENTS}/{self.node}/{ACKNOWLEDGEMENT}"

    def write(self, path: Path) -> None:
        """Replace the file, unless it has this content."""
        content = json.dumps(asdict(self)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)


def read_followed(path: Path) -> Followed | None:
    """The file's content; None before compute-init has written it in this boot."""
    try:
        return Followed(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None

"""What of the toolchain is there already, without asking any network: for ``doctor``."""

from dataclasses import dataclass

from toolchain.pieces import Piece
from toolchain.plan import at_hand
from toolchain.survey import gather


@dataclass(frozen=True)
class Readiness:
    """Whether a piece is there.

    Attributes:
        found: its version and origin; empty where it is missing.
        remedy: how to get it; empty where it is there.
    """

    piece: Piece
    found: str
    remedy: str

    @property
    def ready(self) -> bool:
        """Whether nothing is to be done."""
        return bool(self.found)


def readiness() -> list[Readiness]:
    """One entry for each piece of the toolchain."""
    facts = gather()
    result = []
    for piece in Piece:
        provision = at_hand(facts, piece)
        found = f"{provision.version} ({provision.origin})" if provision else ""
        result.append(Readiness(piece, found, "" if found else "./slurm-appliance toolchain gets it"))
    return result

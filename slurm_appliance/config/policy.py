"""What it takes to bring a changed setting to a running cluster: said in the schema, shown before anything is done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class UpdatePolicy(StrEnum):
    """What the next ``up`` does to a running cluster when a setting changes; every setting carries one of these."""

    LIVE = "live"
    RERUN_PLAYBOOK = "rerun-playbook"
    REBUILD = "rebuild"
    REPLACE = "replace"

    @property
    def consequence(self) -> str:
        """What users and nodes see, in a sentence."""
        return _CONSEQUENCES[self]


@dataclass(frozen=True)
class Consequence:
    """Stands beside the policy of a setting where its consequence is not quite the policy's."""

    sentence: str


#: Of settings that ports have in place, while the node behind them has not.
READDRESSED: Final = Consequence(
    "The port has the new address at once. A running node keeps the former one, without network, until it reboots."
)
#: Of volumes' types.
RETYPED: Final = Consequence(
    "Cinder changes the type in place, while the volume is in use; where its data would have to move, Cinder refuses."
)

_CONSEQUENCES = {
    UpdatePolicy.LIVE: "Changed in place; no node and no job notices.",
    UpdatePolicy.RERUN_PLAYBOOK: "site.yml runs again; only services whose files changed restart, jobs run on.",
    UpdatePolicy.REBUILD: "A new image: root disks are written anew; addresses, volumes and node names stay.",
    UpdatePolicy.REPLACE: "Deleted and created anew: whatever lies on its own disks is lost.",
}

LIVE: Final = UpdatePolicy.LIVE
RERUN_PLAYBOOK: Final = UpdatePolicy.RERUN_PLAYBOOK
REBUILD: Final = UpdatePolicy.REBUILD
REPLACE: Final = UpdatePolicy.REPLACE

"""What the servers of a cloud are: decided when it is made, and recorded in its folder, because it cannot change."""

from pathlib import Path

from localcloud.errors import MachineError
from localcloud.host.layout import STATE_VARIABLE, CloudLayout
from localcloud.host.server_kind import ServerKind


def recorded(layout: CloudLayout) -> ServerKind:
    """What a cloud's servers are; containers, if it does not say."""
    try:
        return ServerKind(_file(layout).read_text().strip())
    except FileNotFoundError:
        return ServerKind.CONTAINER


def decide(layout: CloudLayout, wanted: ServerKind | None) -> ServerKind:
    """Record what the servers of a new cloud are, or return what those of an existing one are.

    Args:
        layout: the cloud.
        wanted: what the operator asked for; None: as it is, or containers.

    Raises:
        MachineError: the cloud exists, and its servers are something else.
    """
    exists = layout.database.exists()
    before = recorded(layout)
    kind = wanted or before
    if exists and kind is not before:
        raise MachineError(
            f"the servers of this cloud are of the kind {before}, not {kind}",
            where=str(layout.root),
            remedy=f"remove its data by `cloud reset`, or name another folder in {STATE_VARIABLE}",
        )
    layout.root.mkdir(parents=True, exist_ok=True)
    _file(layout).write_text(f"{kind}\n")
    return kind


def _file(layout: CloudLayout) -> Path:
    return layout.root / "servers"

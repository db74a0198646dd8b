"""Looks things up by what a configuration calls them, and collects what is not there."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import Problem


class Thing(Protocol):
    """Anything with an id and a name."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name, which others may have, too."""


_Thing = TypeVar("_Thing", bound=Thing)


class Finder:
    """Looks up, and remembers every look-up that failed, each with where it was asked for.

    Attributes:
        problems: what was not found, once for each place.
        notes: what an operator should know, but which stops nothing.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def problem(self, path: str, what: str, remedy: str) -> None:
        """Remember a problem; the same one is remembered once."""
        found = Problem(path, what, remedy)
        if found not in self.problems:
            self.problems.append(found)

    def note(self, path: str, what: str, remedy: str) -> None:
        """Remember something that stops nothing."""
        self.notes.append(Problem(path, what, remedy))

    def named(self, path: str, kind: str, name: str, things: Iterable[_Thing]) -> _Thing | None:
        """The one thing of this name; None, and a problem, where there is none or more than one."""
        every = list(things)
        found = [thing for thing in every if thing.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(sorted(thing.id for thing in found))
            self.problem(
                path, f"{len(found)} {kind}s have the name {name}: {ids}", "rename one, or delete the unused ones"
            )
        else:
            names = sorted({thing.name for thing in every if thing.name})
            self.problem(path, f"there is no {kind} {name} in this project", did_you_mean(name, names))
        return None

    def among(self, path: str, kind: str, name: str, names: Sequence[str]) -> bool:
        """Whether a name is one of those there are; a problem where not."""
        if name in names:
            return True
        self.problem(path, f"there is no {kind} {name} in this project", did_you_mean(name, sorted(names)))
        return False

    def by_id(self, path: str, kind: str, id_: str, things: Iterable[_Thing]) -> _Thing | None:
        """The thing with this id; None, and a problem, where there is none."""
        every = list(things)
        for thing in every:
            if thing.id == id_:
                return thing
        known = ", ".join(f"{thing.id} ({thing.name})" for thing in every[:5])
        self.problem(
            path, f"there is no {kind} with the ID {id_}", f"the IDs are: {known}" if known else "create one first"
        )
        return None

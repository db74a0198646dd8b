"""Looks up resources by their names in the configuration, and collects the missing ones."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import ConfigError, Problem


class Thing(Protocol):
    """A resource with an ID and a name."""

    @property
    def id(self) -> str:
        """Its ID."""

    @property
    def name(self) -> str:
        """Its name, which may not be unique."""


_Thing = TypeVar("_Thing", bound=Thing)


class Finder:
    """Looks up resources, and records every failed look-up with its config path.

    Attributes:
        problems: failed look-ups, once per path.
        notes: notes for the operator that do not stop a run.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def problem(self, path: str, what: str, remedy: str) -> None:
        """Record a problem once."""
        found = Problem(path, what, remedy)
        if found not in self.problems:
            self.problems.append(found)

    def problems_of(self, error: ConfigError) -> None:
        """Record each of an error's problems once."""
        for problem in error.problems:
            self.problem(problem.path, problem.what, problem.remedy)

    def note(self, path: str, what: str, remedy: str) -> None:
        """Record a note, which does not stop a run."""
        self.notes.append(Problem(path, what, remedy))

    def named(self, path: str, kind: str, name: str, things: Iterable[_Thing]) -> _Thing | None:
        """The resource with this name; None, and a problem, if it is missing or not unique."""
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
        """Whether a name exists; a problem if not."""
        if name in names:
            return True
        self.problem(path, f"there is no {kind} {name} in this project", did_you_mean(name, sorted(names)))
        return False

    def by_id(self, path: str, kind: str, id_: str, things: Iterable[_Thing]) -> _Thing | None:
        """The resource with this ID; None, and a problem, if it is missing."""
        every = list(things)
        for thing in every:
            if thing.id == id_:
                return thing
        known = ", ".join(f"{thing.id} ({thing.name})" for thing in every[:5])
        self.problem(
            path, f"there is no {kind} with the ID {id_}", f"the IDs are: {known}" if known else "create one first"
        )
        return None

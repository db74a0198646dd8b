"""One mistake that was made in many places is reported once. Pure."""

from collections.abc import Sequence

from slurm_appliance.config.checks.groups import listed
from slurm_appliance.config.paths import parse
from slurm_appliance.errors import Problem

#: From here on places are counted and no longer reported one by one.
_MANY = 4


def by_cause(problems: Sequence[Problem]) -> list[Problem]:
    """The problems in their order; those that differ only in the group, user or index become the first of them."""
    places: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        places.setdefault(_cause(problem), []).append(problem)
    found = []
    for same in places.values():
        if len(same) < _MANY:
            found += same
            continue
        first, others = same[0], [problem.path for problem in same[1:]]
        found.append(
            Problem(first.path, f"{first.what}, in {len(same)} places: also {listed(others, 3)}", first.remedy)
        )
    order = {id(problem): index for index, problem in enumerate(problems)}
    return sorted(found, key=lambda problem: order.get(id(problem), _first(problems, problem)))


def _first(problems: Sequence[Problem], summed: Problem) -> int:
    return next(index for index, problem in enumerate(problems) if problem.path == summed.path)


def _cause(problem: Problem) -> tuple[object, ...]:
    location = parse(problem.path) or (problem.path,)
    names = [piece for piece in location if isinstance(piece, str)]
    return (location[0], len(location), tuple(names[-1:]), problem.what, problem.remedy)

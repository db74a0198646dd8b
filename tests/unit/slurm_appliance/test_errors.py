"""The trees of errors that the docstrings draw are the ones in the code."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import components
import mirror
import slurm_appliance
import toolchain
from toolchain.errors import ApplianceError

#: The modules that draw a tree.
DRAWN_IN = ("toolchain.errors", "slurm_appliance.errors", "slurm_appliance.image.errors", "mirror.errors")


def drawn(text: str) -> Iterator[tuple[str, str]]:
    """Each error of a drawn tree, with the one above it."""
    above: dict[int, str] = {}
    for branches, name in re.findall(r"^((?:[│├└ ][ ─]{3})*)(\w+Error)\b", text, re.MULTILINE):
        depth = len(branches) // 4
        above[depth] = name
        if depth:
            yield name, above[depth - 1]


def below(kind: type[ApplianceError]) -> Iterator[type[ApplianceError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def test_every_error_is_in_a_tree_below_its_base() -> None:
    for package in (components, mirror, slurm_appliance, toolchain):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):  # Importing these runs them.
                importlib.import_module(module.name)
    trees = {pair for name in DRAWN_IN for pair in drawn(importlib.import_module(name).__doc__ or "")}
    ours = [error for error in below(ApplianceError) if not error.__module__.startswith("tests.")]
    assert {(error.__name__, base.__name__) for error in ours for base in error.__bases__[:1]} == trees


def test_an_error_says_what_where_evidence_and_what_to_do() -> None:
    error = ApplianceError("ended", where="postgresql", evidence="line 1\nline 2", remedy="see its log")
    assert str(error) == "postgresql: ended\n  │ line 1\n  │ line 2\n  → see its log"

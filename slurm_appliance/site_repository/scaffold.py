"""Makes a site repository. What exists is never overwritten, so it can be run again, and for another environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from slurm_appliance import __version__
from slurm_appliance.errors import UsageError
from slurm_appliance.site_repository.place import EXAMPLE, SITE_FILE
from toolchain.paths import REPOSITORY, is_checkout

#: The link to the product's files, through which plain ``pulumi`` finds the program. It is not under version control.
PRODUCT_LINK = ".slurm-appliance"
_TEMPLATE = Path(__file__).with_name("template")
_PARTS = ("files", "group_vars", "hooks/compute-init", "hooks/image", "hooks/site", "roles")
#: Keeps a folder in git; not part of a layer.
_KEEP = ".gitkeep"
#: The name of a stack that can also be the cluster's.
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?")


class ScaffoldAction(StrEnum):
    """What is done with a file."""

    CREATE = "create"
    #: It exists with other content.
    KEEP = "keep"
    SAME = "same"


@dataclass(frozen=True)
class ScaffoldStep:
    """One file of a site repository.

    Attributes:
        path: its path there.
        action: what is done.
        text: what is written.
    """

    path: str
    action: ScaffoldAction
    text: str


def site_files(environment: str, version: str = __version__) -> dict[str, str]:
    """The files of a new site repository by path.

    Raises:
        UsageError: an environment cannot have this name.
    """
    if not _NAME.fullmatch(environment) or environment == EXAMPLE:
        remedy = "use lower-case letters, digits and hyphens, a letter first, at most 20"
        raise UsageError(f"{environment!r} cannot be the name of an environment", where="--environment", remedy=remedy)
    words = {"@ENVIRONMENT@": environment, "@VERSION@": version, "@LINK@": PRODUCT_LINK}
    names = {
        "slurm-appliance.yaml": SITE_FILE,
        "Pulumi.yaml": "Pulumi.yaml",
        "README.md": "README.md",
        "gitignore": ".gitignore",
        "github-actions.yml": "ci/github-actions.yml",
        "stack.yaml": f"stacks/Pulumi.{environment}.yaml",
    }
    found = {path: _filled((_TEMPLATE / name).read_text(encoding="utf-8"), words) for name, path in names.items()}
    found |= {f"{layer}/{part}/{_KEEP}": "" for layer in ("site", f"environments/{environment}") for part in _PARTS}
    return dict(sorted(found.items()))


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def steps(site: Path, files: Mapping[str, str]) -> list[ScaffoldStep]:
    """What is to be done with each file.

    Raises:
        UsageError: a repository cannot be made there.
    """
    if is_checkout() and site.resolve().is_relative_to(REPOSITORY):
        remedy = "choose a folder outside: a site keeps what is its own in a repository of its own"
        raise UsageError("this is in the product's checkout", where=str(site), remedy=remedy)
    return [ScaffoldStep(path, _action(site, path, text), text) for path, text in files.items()]


def _action(site: Path, path: str, text: str) -> ScaffoldAction:
    target = site / path
    blocking = next((each for each in target.parents if each.exists() and not each.is_dir()), None)
    if blocking is not None or target.is_dir():
        where = str(blocking or target)
        raise UsageError("a file is in the way of a folder, or the other way round", where=where, remedy="rename it")
    if path.endswith(_KEEP) and target.parent.is_dir() and any(target.parent.iterdir()):
        return ScaffoldAction.SAME  # git has the folder without it.
    if not os.path.lexists(target):
        return ScaffoldAction.CREATE
    same = target.is_file() and target.read_bytes() == text.encode()
    return ScaffoldAction.SAME if same else ScaffoldAction.KEEP


def carry_out(site: Path, found: list[ScaffoldStep]) -> None:
    """Write what is missing.

    Raises:
        UsageError: a file cannot be written.
    """
    for step in found:
        if step.action is ScaffoldAction.CREATE:
            target = site / step.path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("x", encoding="utf-8") as file:
                    file.write(step.text)
            except OSError as error:
                raise UsageError(f"cannot be written: {error.strerror}", where=str(target)) from error
    link_product(site)


def link_product(site: Path) -> None:
    """Make the link to the product's files, or lead it to the ones in use.

    Raises:
        UsageError: it cannot be made.
    """
    link = site / PRODUCT_LINK
    if link.is_symlink() and os.readlink(link) == str(REPOSITORY):
        return
    fresh = link.with_name(f"{PRODUCT_LINK}.{os.getpid()}")
    try:
        fresh.symlink_to(REPOSITORY)
        fresh.replace(link)
    except OSError as error:
        remedy = "plain pulumi needs this link; remove what is in its place"
        raise UsageError(f"cannot be made: {error.strerror}", where=str(link), remedy=remedy) from error

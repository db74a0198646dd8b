"""The folder that commands run a stack's program in: the checkout's program with a stack file of its own.

Pulumi writes into the stack file (the salt of the passphrase, when a stack is new), and the checkout's is under version
control. So commands work on a copy beside the environment's other files; ``stacks/`` is only read. Plain ``pulumi`` in
the checkout uses the same stack: project, name and state are the same.
"""

import re
from pathlib import Path

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import UsageError
from toolchain.paths import REPOSITORY

#: Where the checkout has one file for each stack.
STACKS = REPOSITORY / "stacks"

_EXAMPLE = "example"

_SALT = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)


def stack_file(stack: str, stacks: Path = STACKS) -> Path:
    """The stack's file in the checkout.

    Raises:
        UsageError: there is none.
    """
    path = stacks / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = known_stacks(stacks)
        there = f"the stacks are: {', '.join(known)}" if known else f"write {path}"
        raise UsageError(f"unknown stack {stack}", where=str(path), remedy=f"{there}; see docs/environments.md")
    return path


def known_stacks(stacks: Path = STACKS) -> list[str]:
    """The names of the stacks that there are files for; the example is documentation, not a stack."""
    names = (path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in stacks.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if name != _EXAMPLE)


def prepare(stack: str, stacks: Path = STACKS) -> Path:
    """Bring the stack's project folder up to date and return it.

    Raises:
        UsageError: the checkout has no such stack.
    """
    source = stack_file(stack, stacks)
    folder = EnvironmentFolder.of(stack).folder / "project"
    (folder / "stacks").mkdir(parents=True, exist_ok=True, mode=0o700)
    project = (REPOSITORY / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(f"{project.rstrip()}\nmain: {REPOSITORY}\n")
    copy = folder / "stacks" / source.name
    copy.write_text(_with_salt(source.read_text(), copy.read_text() if copy.exists() else ""))
    return folder


def _with_salt(text: str, before: str) -> str:
    """The stack file's text, with the salt that Pulumi wrote into the copy where it has none of its own."""
    salt = _SALT.search(before)
    if salt is None or _SALT.search(text):
        return text
    return f"{text.rstrip()}\n{salt[0].rstrip()}\n"

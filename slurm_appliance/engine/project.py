"""The project folder in which commands run a stack's program: the checkout's program with a copy of the stack file.

Pulumi writes to the stack file (the passphrase's salt, for a new stack), but the checkout's file is under version
control. So commands use a copy next to the environment's other files and only read ``stacks/``. Plain ``pulumi`` in the
checkout uses the same stack: project, name and state are the same.
"""

import re
from pathlib import Path

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import UsageError
from slurm_appliance.site_repository.current import STACKS
from slurm_appliance.site_repository.place import how_to_begin, known_stacks
from slurm_appliance.site_repository.version import version_note
from toolchain.paths import REPOSITORY

_SALT = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
_SECURE = re.compile(r"^[ \t-]*secure:", re.MULTILINE)


def stack_file(stack: str, stacks: Path = STACKS) -> Path:
    """The stack's file.

    Raises:
        UsageError: the file does not exist, or its repository is for a newer version of the product.
    """
    version_note(stacks.parent)
    path = stacks / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = known_stacks(stacks)
        there = f"the stacks are: {', '.join(known)}" if known else how_to_begin(stacks, stack)
        raise UsageError(f"unknown stack {stack}", where=str(path), remedy=f"{there}; see docs/environments.md")
    return path


def prepare(
    stack: str, stacks: Path = STACKS, *, into: Path | None = None, without_cloud: bool = False, new: bool = False
) -> Path:
    """Bring the stack's project folder up to date and return it.

    Args:
        stack: the stack's name.
        stacks: the folder of stack files.
        into: another folder than the environment's.
        without_cloud: leave out the entry of clouds.yaml, so that Pulumi's plugin uses the OS_* variables.
        new: there is no state: the salt in the copy is of another one, perhaps with another passphrase.

    Raises:
        UsageError: there is no such stack.
    """
    source = stack_file(stack, stacks)
    folder = into or EnvironmentFolder.of(stack).folder / "project"
    (folder / "stacks").mkdir(parents=True, exist_ok=True, mode=0o700)
    project = (REPOSITORY / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(f"{project.rstrip()}\nmain: {REPOSITORY}\n")
    copy = folder / "stacks" / source.name
    text = _without_cloud(source.read_text()) if without_cloud else source.read_text()
    before = copy.read_text() if copy.exists() else ""
    # Secrets in the stack file are readable with the salt only.
    copy.write_text(_with_salt(text, "" if new and not _SECURE.search(text) else before))
    return folder


def _without_cloud(text: str) -> str:
    """The stack file's text without the entry of clouds.yaml."""
    from slurm_appliance.config.stack_file import CLOUD_SETTING

    return re.sub(rf"""^[ \t]*["']?{CLOUD_SETTING}["']?[ \t]*:.*\n?""", "", text, flags=re.MULTILINE)


def _with_salt(text: str, before: str) -> str:
    """The stack file's text; without its own salt, with the salt that Pulumi wrote to the copy."""
    salt = _SALT.search(before)
    if salt is None or _SALT.search(text):
        return text
    return f"{text.rstrip()}\n{salt[0].rstrip()}\n"

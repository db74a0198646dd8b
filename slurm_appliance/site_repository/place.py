"""Where a site's files are: its stack files, and beside them its layer and everything else that is its own.

A site repository is a folder with the file ``slurm-appliance.yaml``. It is found from the working directory upwards, or
named by ``--site DIR`` or an environment variable. ``--stacks DIR`` names its folder of stack files instead. In the
product's checkout, the checkout itself takes its place.
"""

from collections.abc import Mapping
from pathlib import Path

from slurm_appliance.errors import UsageError
from toolchain.paths import REPOSITORY, is_checkout

#: The file that makes a folder a site repository.
SITE_FILE = "slurm-appliance.yaml"
#: The environment variable that names a site repository.
SITE_VARIABLE = "SLURM_APPLIANCE_SITE"
#: The environment variable that names the folder of stack files. Commands set it for the programs that they start.
STACKS_VARIABLE = "SLURM_APPLIANCE_STACKS"
#: The product's own folder of stack files.
OWN_STACKS = REPOSITORY / "stacks"

#: The stack file of this name is documentation.
EXAMPLE = "example"


def found_above(working: Path, product: Path = REPOSITORY) -> Path | None:
    """The site repository that a folder is in; None outside of one, and in the product's checkout."""
    for folder in (working, *working.parents):
        if folder == product:
            return None
        if (folder / SITE_FILE).is_file():
            return folder
    return None


def stacks_folder(variables: Mapping[str, str], working: Path) -> Path:
    """The folder of stack files: named by an environment variable, else of the site repository here, else our own."""
    if named := variables.get(STACKS_VARIABLE):
        return Path(named).resolve()
    site = Path(named) if (named := variables.get(SITE_VARIABLE)) else found_above(working.resolve())
    return site.resolve() / "stacks" if site else OWN_STACKS


def chosen_stacks(site: Path | None, stacks: Path | None) -> Path | None:
    """The folder of stack files that a command uses; None for our own.

    Args:
        site: the option ``--site``, or its environment variable.
        stacks: the option ``--stacks``, or its environment variable.

    Raises:
        UsageError: see `named_stacks`.
    """
    chosen = named_stacks(site, stacks) or stacks_folder({}, Path.cwd())
    return None if chosen == OWN_STACKS else chosen


def named_stacks(site: Path | None, stacks: Path | None) -> Path | None:
    """The folder of stack files that the options ``--site`` and ``--stacks`` name; None without them.

    Raises:
        UsageError: both are given, or there is no site repository.
    """
    if site is None or stacks is None:
        chosen = stacks if site is None else _of(site)
        return chosen.resolve() if chosen else None
    if _of(site).resolve() != stacks.resolve():
        remedy = "use --site DIR for a site repository, and --stacks DIR for stack files without one"
        raise UsageError("--site and --stacks name different stack files", where=str(stacks), remedy=remedy)
    return stacks.resolve()


def _of(site: Path) -> Path:
    if not (site / SITE_FILE).is_file():
        remedy = f"make one: slurm-appliance init {site}; for stack files alone, use --stacks DIR"
        raise UsageError(f"this is no site repository: it has no {SITE_FILE}", where=str(site), remedy=remedy)
    return site / "stacks"


def known_stacks(stacks: Path) -> list[str]:
    """The names of the stacks with files; the example is documentation, not a stack."""
    names = (path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in stacks.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if name != EXAMPLE)


def unused_environments(stacks: Path) -> list[str]:
    """The names of folders in ``environments`` that belong to no stack file."""
    folders = {path.name for path in (stacks.parent / "environments").glob("[!.]*") if path.is_dir()}
    return sorted(folders - set(known_stacks(stacks)))


def how_to_begin(stacks: Path, stack: str) -> str:
    """What to do where there is no stack file yet."""
    if stacks == OWN_STACKS and not is_checkout():
        return "run this in a site repository, or name it: --site DIR; slurm-appliance init DIR makes one"
    return f"write {stacks}/Pulumi.{stack}.yaml"

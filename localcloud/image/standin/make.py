"""Makes the stand-in's root filesystem and its repositories."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from localcloud.image.distribution import load
from localcloud.image.recipe import ImageRecipe
from localcloud.image.standin.plan import REPOSITORIES, Plan, plan, system_files

HERE = Path(__file__).parent
#: What the workshop needs in addition to a base image's packages; dnf and rpm are what the stand-in is about.
TOOLS = ("createrepo-c", "dnf", "dnf-plugins-core", "gpg", "gpg-agent", "python3-rpm", "rpm")


def _plan() -> Plan:
    return plan(load("RedHat"), load("OpenHPC"))


def digest(recipe: ImageRecipe) -> str:
    """Of everything that determines the stand-in: Debian's part, what is here, and the table."""
    files = sorted(path for path in HERE.iterdir() if path.is_file())
    table = _plan()
    parts = [path.read_text(encoding="utf-8") for path in files] + [json.dumps(table.document([]), sort_keys=True)]
    return hashlib.sha256("\0".join([recipe.digest, *parts, *TOOLS]).encode()).hexdigest()[:16]


def command(recipe: ImageRecipe, mmdebstrap: str, files: str, tree: str) -> list[str]:
    """The command line that makes the workshop: Debian with dnf, and the packages to convert in /stand-in/debs."""
    debs = " ".join(_plan().debs)
    apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes -o Dpkg::Use-Pty=false'
    hooks = [
        # Those of the system itself, which are not converted.
        'rm -f "$1"/var/cache/apt/archives/*.deb',
        f"{apt} --no-install-recommends --reinstall --download-only install {debs}",
        'mkdir -p "$1"/stand-in/debs && mv "$1"/var/cache/apt/archives/*.deb "$1"/stand-in/debs/',
        """dpkg-query --admindir="$1"/var/lib/dpkg --show --showformat '${Package} ' > "$1"/stand-in/provided""",
    ]
    made = recipe.command(mmdebstrap, files, tree)
    made[made.index("--format=tar")] = "--format=directory"
    at = made.index(next(word for word in made if word.startswith("--include=")))
    made[at] += "," + ",".join(TOOLS)
    first = next(place for place, word in enumerate(made) if word.startswith("--customize-hook="))
    return [*made[:first], *(f"--customize-hook={hook}" for hook in hooks), *made[first:]]


def furnish(tree: Path, repositories: Path, run: Callable[[list[str]], None]) -> None:
    """Turn the workshop into the stand-in.

    Args:
        tree: the workshop.
        repositories: the folder to put the repositories into; must not exist.
        run: runs a command.
    """
    work, made = tree / "stand-in", _plan()
    provided = (work / "provided").read_text().split()
    # By the names of the table where another one has it.
    provided += [name for name, how in made.packages.items() if how["from"] in provided]
    (work / "plan.json").write_text(json.dumps(made.document(provided)))
    shutil.copy(HERE / "convert.py", work)
    for name, text in system_files().items():
        file = tree / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    script = ["sh", str(HERE / "furnish.sh"), str(tree), *REPOSITORIES]
    run(["unshare", "--mount", "--pid", "--fork", "--kill-child", *script])
    shutil.copytree(work / "repositories", repositories)
    # Its mounts were in a namespace that is gone.
    shutil.rmtree(work)

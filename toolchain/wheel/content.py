"""What the wheel carries: everything that the command line reads of the checkout, no tests, no pages."""

import re
from collections.abc import Iterator
from pathlib import Path

from toolchain.paths import REPOSITORY

#: The folder of the wheel, and so of an installation, that has the product's files.
PRODUCT = "slurm_appliance_product"
#: Folders of the checkout, whole.
FOLDERS = ("ansible", "components", "localcloud", "mirror", "node", "slurm_appliance", "toolchain")
#: Other files of the checkout. `stacks` may have an operator's own files: only ours are named here.
FILES = (
    "LICENSE",
    "Pulumi.yaml",
    "__main__.py",
    "requirements/build.txt",
    "stacks/Pulumi.example.yaml",
    "stacks/Pulumi.local.yaml",
    "stacks/config.schema.json",
)
#: The lock that says what is installed with the product.
LOCK = "requirements/user.txt"
#: What an environment has that venv makes, and one that uv makes lacks: Pulumi lists packages with it.
_ENVIRONMENT = ("pip",)
_CACHES = frozenset({"__pycache__", ".ansible", ".cache"})
_PINNED = re.compile(r"^([A-Za-z0-9._-]+==[^\s;\\]+)(?:\s*;\s*([^\\\n]+?))?\s*\\?$", re.MULTILINE)


def product_files(checkout: Path = REPOSITORY) -> dict[str, Path]:
    """The product's files by their path in the product's folder. A wheel has no links: files behind them are copied."""
    found = {name: checkout / name for name in FILES}
    for folder in FOLDERS:
        found |= {path.relative_to(checkout).as_posix(): path for path in _below(checkout / folder)}
    return dict(sorted(found.items()))


def requirements(checkout: Path = REPOSITORY) -> list[str]:
    """The packages of the users' lock as the wheel requires them: ``rich==15.0.0``, with the lock's conditions."""
    lock = (checkout / LOCK).read_text(encoding="utf-8")
    locked = [f"{pin} ; {condition}" if condition else pin for pin, condition in _PINNED.findall(lock)]
    return [*locked, *_ENVIRONMENT]


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _CACHES:
            continue
        if path.is_dir():
            yield from _below(path)
        else:
            yield path

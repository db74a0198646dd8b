"""The content of an image: the files used for given groups, and the digest that names the image.

Only what can change the image counts, not roles of other groups, documentation, times or caches. A role that copies
programs from elsewhere in the checkout has symbolic links to them below its ``files`` folder; links are followed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.errors import ApplianceError
from slurm_appliance.image.spec import ImageBuild
from toolchain.paths import REPOSITORY

PLAYBOOK = "fatimage.yml"
ANSIBLE = REPOSITORY / "ansible"
#: Hexadecimal digits of the digest in an image's name: 64 bits.
DIGITS = 16
#: Increase this if the same files and settings must give another image.
_SCHEMA = 1

_ROLE_KEYS = frozenset({"include_role", "import_role", "ansible.builtin.include_role", "ansible.builtin.import_role"})


class ContentError(ApplianceError, ValueError):
    """Raised when the roles of the playbook cannot be determined without running it."""


def image_name(build: ImageBuild, base: str, ansible: Path = ANSIBLE) -> str:
    """The name of a build's image.

    Args:
        build: the requested build.
        base: the base image's identity: its ID, or the name of one of our images.
        ansible: folder of the playbooks and roles.
    """
    return f"{build.prefix}-{digest(build, base, ansible)}"


def digest(build: ImageBuild, base: str, ansible: Path = ANSIBLE) -> str:
    """The digest of everything that determines the image's content."""
    sources = build.sources
    description = {
        "schema": _SCHEMA,
        "base": base,
        "groups": build.all_groups,
        "extra_packages": sorted(set(build.extra_packages)),
        "repositories": [asdict(each) for each in sources.repositories],
        "snapshot": sources.snapshot,
        "keep_distribution": sources.keep_distribution,
        "disk_format": build.disk_format,
        "properties": build.all_properties,
        "selinux": build.selinux,
        "package_family": build.package_family,
        "salt": build.salt,
        **({"layer": build.layer.digest} if build.layer else {}),
        "files": [
            (path.relative_to(ansible).as_posix(), _file_digest(path)) for path in files(build.all_groups, ansible)
        ],
    }
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def files(groups: Sequence[str], ansible: Path = ANSIBLE) -> list[Path]:
    """The files below the Ansible folder that are used for the groups, sorted."""
    found = {ansible / PLAYBOOK}
    for role in roles(groups, ansible):
        found.update(_below(ansible / "roles" / role))
    for group in ("all", *groups):
        found.update(_below(ansible / "group_vars" / group))
        found.update(path for path in [ansible / "group_vars" / f"{group}.yml"] if path.is_file())
    return sorted(found)


def roles(groups: Sequence[str], ansible: Path = ANSIBLE) -> list[str]:
    """The roles that the playbook uses for the groups, including those that they use themselves, sorted."""
    wanted = {"all", "builder", *groups}
    pending = [
        role
        for play in _load(ansible / PLAYBOOK)
        if wanted & set(str(play.get("hosts", "")).replace(",", ":").split(":"))
        for role in _roles_in(play, ansible / PLAYBOOK)
    ]
    known: set[str] = set()
    while pending:
        role = pending.pop()
        if role in known:
            continue
        folder = ansible / "roles" / role
        if not folder.is_dir():
            raise ContentError(
                f"role {role} does not exist", where=str(folder), remedy="correct its name in the playbook"
            )
        known.add(role)
        for part in ("tasks", "handlers", "meta"):
            for path in sorted((folder / part).glob("*.yml")):
                pending.extend(_roles_in(_load(path), path))
    return sorted(known)


def _roles_in(node: Any, path: Path) -> Iterator[str]:
    """Names of the roles that a piece of a playbook, task file or meta file uses, at any depth of blocks."""
    if isinstance(node, list):
        for each in node:
            yield from _roles_in(each, path)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _ROLE_KEYS:
                yield _plain(value.get("name") if isinstance(value, dict) else value, path)
            elif key in {"roles", "dependencies"} and isinstance(value, list):
                for each in value:
                    yield _plain(each.get("role", each.get("name")) if isinstance(each, dict) else each, path)
            elif isinstance(value, list):
                yield from _roles_in(value, path)


def _plain(name: Any, path: Path) -> str:
    if not isinstance(name, str) or "{{" in name:
        raise ContentError(
            f"the role name {name!r} is not literal", where=str(path), remedy="use role names without variables"
        )
    return name


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or []


def _below(folder: Path, above: frozenset[Path] = frozenset()) -> Iterable[Path]:
    """All files below a folder except Python's caches; follows links, but a link to a parent folder is an error."""
    if not folder.is_dir():
        return
    real = folder.resolve()
    if real in above:
        raise ContentError("a symbolic link points to a parent folder", where=str(folder), remedy="remove it")
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _below(path, above | {real})
        elif path.is_file():
            yield path
        else:
            raise ContentError("a symbolic link is broken", where=str(path), remedy="fix or remove it")


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""The site's own layer in this node's bundle: hooks that run before and after our roles, with their roles and files.

The file is JSON, so that it can hold nothing but regular files with their paths. It comes from the signed bundle; its
paths are checked all the same, so that nothing is ever written outside the layer's folder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The name of the file in the bundle.
FILE = "layer.json"
#: The forms of the file: without, and with roles that compute-init runs itself; with collections beside it.
FORM, FORM_WITH_ROLES, FORM_WITH_COLLECTIONS = 1, 2, 3
_FORMS = (FORM, FORM_WITH_ROLES, FORM_WITH_COLLECTIONS)
#: The playbook with those roles, which the node writes.
ROLES_PLAYBOOK = "roles.yml"
#: The layers that may have hooks, in the order in which they run.
LAYERS = ("site", "environment")
#: The roles and files of all layers.
ROLES, FILES = "roles", "files"
#: Where Ansible looks for variables of groups.
GROUP_VARS = "group_vars"
#: The variable with the folder of the layer's files.
FILES_VARIABLE = "site_layer_files"


class SiteLayerPathError(ValueError):
    """Raised for a layer that cannot be read, or with a path that leaves its folder."""


@dataclass(frozen=True)
class LayerMember:
    """A file.

    Attributes:
        path: its path in the layer's folder.
        content: what is in it.
        executable: whether it can be executed.
    """

    path: str
    content: bytes = field(repr=False)
    executable: bool


@dataclass(frozen=True)
class NodeLayer:
    """A layer.

    Attributes:
        members: its files.
        variables: plain data for the hooks.
        entries: the entry of ``compute_init_enable`` for each role that compute-init runs itself.
        collections: the Ansible collections that hooks and roles name; an archive beside this file has them.
    """

    members: tuple[LayerMember, ...]
    variables: dict[str, Any] = field(repr=False)
    entries: dict[str, str] = field(default_factory=dict)
    collections: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: bytes) -> NodeLayer:
        """Parse the file of the bundle.

        Raises:
            SiteLayerPathError: it has another form, or a path that leaves the folder.
        """
        try:
            document = json.loads(content)
            if document["form"] not in _FORMS:
                forms = ", ".join(map(str, _FORMS))
                raise SiteLayerPathError(f"{FILE} has form {document['form']!r}, this image reads {forms}")
            members = tuple(
                LayerMember(checked_path(path), base64.b64decode(each["base64"], validate=True), bool(each.get("x")))
                for path, each in sorted(document["files"].items())
            )
            entries = {checked_path(role): str(entry) for role, entry in sorted(document.get("entries", {}).items())}
            collections = tuple(map(str, document.get("collections", ())))
            return cls(members, dict(document["variables"]), entries, collections)
        except SiteLayerPathError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SiteLayerPathError(f"{FILE} cannot be read: {error!r}") from error

    def write(self, folder: Path, group_vars: Path) -> None:
        """Write the files into a new folder.

        Args:
            folder: the folder.
            group_vars: what our roles read wherever they run; Ansible looks for it beside each playbook.

        Raises:
            SiteLayerPathError: a path is a file and a folder at once.
        """
        folder.mkdir(mode=0o700)
        for member in self.members:
            path = folder / member.path
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(member.content)
            except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
                raise SiteLayerPathError(f"{FILE}: {member.path} is a file and a folder") from error
            path.chmod(0o700 if member.executable else 0o600)
        if self.entries:
            (folder / ROLES_PLAYBOOK).write_text(json.dumps([self._play()]))
        for place in {folder, *((folder / hook).parent for phase in ("pre", "post") for hook in self.hooks(phase))}:
            if not (place / GROUP_VARS).exists():
                (place / GROUP_VARS).symlink_to(group_vars)

    def _play(self) -> dict[str, Any]:
        """The play that runs the roles, each where its entry is among the node's."""
        return {
            "name": "Roles of the site's own layer",
            "hosts": "localhost",
            "connection": "local",
            "gather_subset": ["!all", "!min", "distribution", "platform", "virtual"],
            "tasks": [
                {
                    "name": f"Run the role {role}",
                    "ansible.builtin.include_role": {"name": role},
                    "when": f"{json.dumps(entry)} in compute_init_roles",
                }
                for role, entry in self.entries.items()
            ],
        }

    def hooks(self, phase: str) -> list[str]:
        """The paths of the hooks of a phase, ``pre`` or ``post``, in the order in which they run."""
        known = {member.path for member in self.members}
        wanted = [f"{layer}/hooks/compute-init/{phase}.yml" for layer in LAYERS]
        return [path for path in wanted if path in known]


def course(roles: Path, rejoin: Path, layer: NodeLayer | None, folder: Path) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """The playbooks in order, those of one process together, each with the name of its step. Pure.

    Without a hook between them, our two playbooks share a process, which saves the start of another.

    Args:
        roles: the playbook that runs the roles.
        rejoin: the playbook that checks the node's health and starts slurmd.
        layer: the site's own layer, if any.
        folder: where the layer's files are.
    """
    before, after = ([], []) if layer is None else (layer.hooks("pre"), layer.hooks("post"))
    if layer is not None and layer.entries:
        after = [ROLES_PLAYBOOK, *after]
    yield from ((path, (folder / path,)) for path in before)
    if not after:
        yield roles.name, (roles, rejoin)
        return
    yield roles.name, (roles,)
    yield from ((path, (folder / path,)) for path in after)
    yield rejoin.name, (rejoin,)


def checked_path(path: Any) -> str:
    """A relative path without steps upwards.

    Raises:
        SiteLayerPathError: it is something else.
    """
    good = isinstance(path, str) and "\0" not in path and "\\" not in path
    if not good or any(part in {"", ".", ".."} for part in path.split("/")):
        raise SiteLayerPathError(f"the site's own layer has the path {path!r}, which is not one within its folder")
    return str(path)

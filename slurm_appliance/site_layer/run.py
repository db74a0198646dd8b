"""A site's layer in a run of Ansible on the deploy host: hooks in order, roles, group_vars, files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node.compute_init.site_layer import FILES_VARIABLE
from slurm_appliance.site_layer.collections import COLLECTIONS_VARIABLE, installed
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.site_layer.tree import HOOKS
from toolchain.paths import REPOSITORY

#: The environment variable that names the folder of hooks to the playbooks.
HOOKS_VARIABLE = "SLURM_APPLIANCE_HOOKS"
_ROLES = REPOSITORY / "ansible" / "roles"


@dataclass(frozen=True)
class LayerRun:
    """What a run needs for a layer.

    Attributes:
        environment: environment variables for Ansible.
        inventories: inventories without hosts, with the layers' group_vars; before the cluster's own.
        variables: variables for the playbook.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    inventories: tuple[Path, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


def prepared(layer: SiteLayer, sequence: str, folder: Path, last: Path | None = None) -> LayerRun:
    """Prepare a run.

    The product's roles come first: a role of the same name is refused, so the order only matters for the two layers.

    Args:
        layer: the layer.
        sequence: ``site`` or ``image``.
        folder: a private folder for the run.
        last: a folder with further hooks, which run last.
    """
    ways = folder / "layers"
    ways.mkdir(mode=0o700)
    for each in layer.layers:
        # Paths in playbooks then have no character that is special to Ansible.
        (ways / each.name).symlink_to(each.folder.resolve(), target_is_directory=True)
    if last is not None:
        (ways / "last").symlink_to(last, target_is_directory=True)
    _write_hooks(layer, sequence, folder / "hooks", last)
    _write_files(layer, folder / "files")
    roles = [_ROLES, *(ways / each.name / "roles" for each in reversed(layer.layers) if each.roles)]
    environment = {HOOKS_VARIABLE: str(folder / "hooks"), "ANSIBLE_ROLES_PATH": ":".join(map(str, roles))}
    if (collections := installed(layer.layers)) is not None:
        environment[COLLECTIONS_VARIABLE] = str(collections)
    return LayerRun(
        environment,
        inventories(layer, folder / "inventories"),
        {FILES_VARIABLE: str(folder / "files")},
    )


def inventories(layer: SiteLayer, folder: Path) -> tuple[Path, ...]:
    """Write an inventory without hosts for each layer with group_vars."""
    made = []
    for each in layer.layers:
        if any(file.within("group_vars") for file in each.files):
            own = folder / each.name
            own.mkdir(mode=0o700, parents=True)
            (own / "group_vars").symlink_to((each.folder / "group_vars").resolve(), target_is_directory=True)
            (own / "hosts.yml").write_text(json.dumps({"all": {"hosts": {}}}))
            made.append(own / "hosts.yml")
    return tuple(made)


def _write_hooks(layer: SiteLayer, sequence: str, folder: Path, last: Path | None) -> None:
    """Write a playbook for each phase, which imports the layers' hooks in order."""
    folder.mkdir(mode=0o700)
    for name in HOOKS[sequence]:
        found = [f"../layers/{each.name}/hooks/{sequence}/{name}" for each in layer.with_hook(sequence, name)]
        if last is not None and (last / name).is_file():
            found.append(f"../layers/last/{name}")
        if found:
            (folder / name).write_text(json.dumps([{"ansible.builtin.import_playbook": path} for path in found]))


def _write_files(layer: SiteLayer, folder: Path) -> None:
    """Link the files of all layers in one folder; of a file that both have, the environment's."""
    folder.mkdir(mode=0o700)
    for path, file in layer.files.items():
        target = folder / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.symlink_to(file.source.resolve())

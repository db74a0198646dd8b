"""What compute nodes get of a site's layer, as one file of their bundle."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from node.compute_init.site_layer import (
    FILES,
    FILES_VARIABLE,
    FORM,
    FORM_WITH_COLLECTIONS,
    FORM_WITH_ROLES,
    ROLES,
    NodeLayer,
    SiteLayerPathError,
)
from slurm_appliance.site_layer.errors import PAGE, SiteLayerError
from slurm_appliance.site_layer.group_vars import VAULT
from slurm_appliance.site_layer.tree import Layer, LayerFile

#: Bytes of all files together. Each node fetches them after each change and after each rebuild.
MOST_BYTES = 1_000_000
_HOOKS = "hooks/compute-init"
_VARIABLES = f"{_HOOKS}/vars.yml"


def packed(
    layers: Sequence[Layer], roles: Mapping[str, Layer], entries: Mapping[str, str], collections: Sequence[str] = ()
) -> bytes:
    """The file for the bundle; empty if no layer has a hook or role for compute nodes.

    Args:
        layers: the layers, in the order of precedence.
        roles: the layer of each role.
        entries: the entry of ``compute_init_enable`` of each role that compute nodes run themselves.
        collections: the collections that nodes need for them.

    Raises:
        SiteLayerError: it is too large, encrypted, or its variables are no plain data.
    """
    if not entries and not any(layer.has(f"{_HOOKS}/{name}.yml") for layer in layers for name in ("pre", "post")):
        return b""
    chosen = _chosen(layers, roles)
    _check_size(chosen)
    contents = {path: file.content for path, file in chosen.items()}
    for path, content in contents.items():
        if content.startswith(VAULT):
            raise SiteLayerError(
                "this file is encrypted, and compute nodes have no vault password",
                where=str(chosen[path].source),
                remedy="use it in site.yml or in the image build, or move it out of roles and files",
            )
    document = {
        # The oldest that will do: images of earlier releases read that.
        "form": FORM_WITH_COLLECTIONS if collections else FORM_WITH_ROLES if entries else FORM,
        **({"entries": dict(entries)} if entries else {}),
        **({"collections": list(collections)} if collections else {}),
        "variables": {name: value for layer in layers for name, value in _variables(layer).items()},
        "files": {
            path: {"base64": base64.b64encode(contents[path]).decode(), **({"x": True} if file.executable else {})}
            for path, file in chosen.items()
        },
    }
    text = (json.dumps(document, sort_keys=True) + "\n").encode()
    try:
        NodeLayer.of(text)
    except SiteLayerPathError as error:
        raise SiteLayerError(f"compute nodes would refuse this: {error}", where="layer", remedy="rename it") from error
    return text


def _chosen(layers: Sequence[Layer], roles: Mapping[str, Layer]) -> dict[str, LayerFile]:
    """The files by their path on the node: hooks by layer; of a role or file that both have, the environment's."""
    chosen: dict[str, LayerFile] = {}
    for layer in layers:
        for file in layer.files:
            first, *rest = file.path.split("/")
            if file.within(_HOOKS) and file.path != _VARIABLES:
                chosen[f"{layer.name}/{file.path}"] = file
            elif file.within("files"):
                chosen[f"{FILES}/{'/'.join(rest)}"] = file
            elif first == "roles" and len(rest) > 1 and roles[rest[0]] is layer:
                chosen[f"{ROLES}/{'/'.join(rest)}"] = file
    return dict(sorted(chosen.items()))


def _check_size(chosen: Mapping[str, LayerFile]) -> None:
    sizes = {path: file.source.stat().st_size for path, file in chosen.items()}
    total = sum(sizes.values())
    if total <= MOST_BYTES:
        return
    largest = sorted(sizes, key=lambda path: (-sizes[path], path))[:3]
    raise SiteLayerError(
        f"what compute nodes get of the layer takes {total} bytes, the limit is {MOST_BYTES}: "
        + ", ".join(f"{chosen[path].source} ({sizes[path]})" for path in largest),
        where=str(chosen[largest[0]].source),
        remedy=f"install large files in the image (hooks/image/files), or fetch them from a server; see {PAGE}",
    )


def _variables(layer: Layer) -> dict[str, Any]:
    """The variables of a layer's hooks on compute nodes."""
    file = next((each for each in layer.files if each.path == _VARIABLES), None)
    if file is None:
        return {}
    where, remedy = str(file.source), "write NAME: VALUE lines, with texts, numbers, lists and mappings only"
    try:
        values = yaml.safe_load(file.content) or {}
        if not isinstance(values, dict) or not all(isinstance(name, str) and name.isidentifier() for name in values):
            raise SiteLayerError("these are no variables", where=where, remedy=remedy)
        if FILES_VARIABLE in values:
            raise SiteLayerError(f"{FILES_VARIABLE} is set by slurm-appliance", where=where, remedy="rename yours")
        plain: dict[str, Any] = json.loads(json.dumps(values))
    except (yaml.YAMLError, TypeError, UnicodeDecodeError) as error:
        raise SiteLayerError(f"these are no plain data: {error}", where=where, remedy=remedy) from error
    return plain

"""The layers of one stack: ``site`` for all environments, then ``environments/NAME``; both beside the stack files.

The order of precedence: defaults, ``site``, ``environments/NAME``, the stack file. Hooks of both run, the shared ones
first. Of a role or a file that both have, the environment's is used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from node.compute_init.site_layer import LAYERS
from slurm_appliance.cloud.metadata import RESERVED
from slurm_appliance.config.compute_init import ComputeInitRole, is_own_name
from slurm_appliance.config.suggest import closest
from slurm_appliance.playbooks.node_roles import NodeRole, declared_role
from slurm_appliance.site_layer import node_collections, node_part
from slurm_appliance.site_layer.collections import installed, required_names
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.group_vars import check_group_vars
from slurm_appliance.site_layer.tree import REQUIREMENTS, Layer, LayerFile, digest, read_layer
from slurm_appliance.site_repository.entries import DECLARATION, ENVIRONMENTS, SHARED
from toolchain.paths import REPOSITORY

#: The names of layers in runs: the shared one, and the environment's.
SITE, ENVIRONMENT = LAYERS
#: The environment variable of site.yml's command with the layer's digest: a changed one is a reason to run.
DIGEST_VARIABLE = "SLURM_APPLIANCE_LAYER"
_PRODUCT_ROLES = REPOSITORY / "ansible" / "roles"
_IMAGE_HOOKS = "hooks/image"


@dataclass(frozen=True)
class ImageLayer:
    """What an image build uses of a layer.

    Attributes:
        stack: the stack whose layer it is.
        digest: the digest of everything that the build can use.
    """

    stack: str
    digest: str


@dataclass(frozen=True)
class SiteLayer:
    """The layers of one stack; at least one.

    Attributes:
        stack: the stack's name.
        layers: the layers, in the order of precedence.
    """

    stack: str
    layers: tuple[Layer, ...]

    @cached_property
    def digest(self) -> str:
        """The digest of everything that ``site.yml`` and compute nodes can use: all but the hooks of image builds."""
        return digest(
            (f"{layer.name}/{file.path}", file)
            for layer in self.layers
            for file in layer.files
            if not file.within(_IMAGE_HOOKS)
        )

    @cached_property
    def image(self) -> ImageLayer | None:
        """What image builds use; None without a hook for them: then a changed role builds no image."""
        files = [
            (f"{layer.name}/{file.path}", file)
            for layer in self.layers
            for file in layer.files
            if file.within(_IMAGE_HOOKS, "roles", "files", "group_vars", "collections") or file.path == REQUIREMENTS
        ]
        if not any(file.within(_IMAGE_HOOKS) for _path, file in files):
            return None
        return ImageLayer(self.stack, digest(files))

    @cached_property
    def node(self) -> bytes:
        """What compute nodes get, packed; empty without a hook for them."""
        entries = {role.name: role.compute_init for role in self.node_roles}
        return node_part.packed(self.layers, self.roles, entries, self._named_collections)

    @cached_property
    def node_collections(self) -> bytes:
        """The collections that compute nodes get, packed; empty for none. They are installed here first, if missing.

        Raises:
            SiteLayerError: they cannot be installed, or are too large for nodes.
        """
        needed = self._named_collections if self.node else ()
        folder = installed(self.layers) if needed else None
        return node_collections.packed(folder, needed, self.collection_names) if folder else b""

    def check_node_collections(self) -> None:
        """Make what compute nodes get of collections, so that an error comes before the first change.

        Raises:
            SiteLayerError: see `node_collections`.
        """
        _ = self.node_collections

    @cached_property
    def collection_names(self) -> list[str]:
        """The collections that the layers require.

        Raises:
            SiteLayerError: see `required_names`.
        """
        return required_names(self.layers)

    @cached_property
    def _named_collections(self) -> tuple[str, ...]:
        entries = [role.name for role in self.node_roles]
        return node_collections.named(self.layers, self.roles, entries, self.collection_names)

    @cached_property
    def node_roles(self) -> tuple[NodeRole, ...]:
        """The roles that compute nodes run themselves, by name: those with a declaration, exactly like ours.

        Raises:
            SiteLayerError: a declaration has another form, or an entry whose name cannot be one.
        """
        return tuple(
            _declared(name, file)
            for name, layer in sorted(self.roles.items())
            for file in layer.files
            if file.path == f"roles/{name}/{DECLARATION.as_posix()}"
        )

    @cached_property
    def roles(self) -> Mapping[str, Layer]:
        """The layer of each role."""
        return {name: layer for layer in self.layers for name in sorted(layer.roles)}

    @cached_property
    def files(self) -> Mapping[str, LayerFile]:
        """The files of the folders ``files``, by their path there."""
        return {
            file.path.removeprefix("files/"): file
            for layer in self.layers
            for file in layer.files
            if file.within("files")
        }

    def place(self, layer: Layer) -> str:
        """Where a layer is beside the stack files: ``site``, ``environments/NAME``."""
        return SHARED if layer.name == SITE else f"{ENVIRONMENTS}/{self.stack}"

    def with_hook(self, sequence: str, name: str) -> list[Layer]:
        """The layers that have a hook, in the order in which the hooks run."""
        return [layer for layer in self.layers if layer.has(f"hooks/{sequence}/{name}")]


def site_layer(stacks: Path, stack: str, product_roles: Iterable[str] | None = None) -> SiteLayer | None:
    """The layers of a stack; None if there are none.

    Args:
        stacks: the folder of stack files.
        stack: the stack's name.
        product_roles: names that the site's roles must not have; default: those of the product's roles.

    Raises:
        SiteLayerError: a layer contains what nothing would use, or what must not be used.
    """
    taken = [path.name for path in _PRODUCT_ROLES.iterdir()] if product_roles is None else list(product_roles)
    above = stacks.resolve().parent
    found = [
        layer
        for name, folder in ((SITE, above / SHARED), (ENVIRONMENT, above / ENVIRONMENTS / stack))
        if folder != stacks.resolve() and (layer := read_layer(name, folder, taken)) is not None
    ]
    if not found:
        return None
    for layer in found:
        check_group_vars(layer)
    made = SiteLayer(stack, tuple(found))
    _check_files(made.files)
    _ = made.collection_names
    _ = made.node  # Too large, or not for nodes: an error now, not in the middle of a run.
    return made


def _check_files(files: Mapping[str, LayerFile]) -> None:
    """Check that the files of all layers fit into one folder.

    Raises:
        SiteLayerError: a path is a file of one layer and a folder of another.
    """
    for path, file in files.items():
        for parent in PurePosixPath(path).parents:
            if str(parent) in files:
                raise SiteLayerError(
                    f"{files[str(parent)].source} is a file, and here a folder",
                    where=str(file.source),
                    remedy="rename one",
                )


def _declared(name: str, file: LayerFile) -> NodeRole:
    entries = [entry.value for entry in ComputeInitRole]
    role = declared_role(name, file.content)
    if role is None or role.inputs:
        remedy = "write compute_init: ENTRY and a list node_variables, and nothing else"
        raise SiteLayerError("this does not declare node variables", where=str(file.source), remedy=remedy)
    entry = role.compute_init
    if entry in entries:
        return role
    meant, where = closest(entry, entries), str(file.source)
    if meant is not None:
        remedy = f"write {meant}, or another name; the entries are: {', '.join(entries)}"
        raise SiteLayerError(f"{entry} is too much like the entry {meant}", where=where, remedy=remedy)
    if not is_own_name(entry) or entry in RESERVED:
        remedy = f"write lower-case letters, digits and underscores, and none of {', '.join(sorted(RESERVED))}"
        raise SiteLayerError(f"{entry!r} is no name of an entry of compute_init_enable", where=where, remedy=remedy)
    return role


def layer_of_file(path: Path) -> SiteLayer | None:
    """The layers of the stack whose file this is; None if there are none.

    Raises:
        SiteLayerError: see `site_layer`.
    """
    return site_layer(path.parent, path.name.removeprefix("Pulumi.").removesuffix(".yaml"))

"""What an operator should know about a site's files, although they can be used. Without paths of this machine."""

from collections.abc import Iterator
from pathlib import Path

from slurm_appliance.errors import Problem
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.site_layer.variables import unread
from slurm_appliance.site_repository.place import unused_environments
from slurm_appliance.site_repository.version import version_note


def site_notes(stacks: Path, layer: SiteLayer | None) -> Iterator[Problem]:
    """The notes.

    Args:
        stacks: the folder of stack files.
        layer: the layers of the stack.

    Raises:
        UsageError: the repository is for a newer version of the product.
    """
    if note := version_note(stacks.parent):
        yield note
    for name in unused_environments(stacks):
        remedy = f"write {stacks.name}/Pulumi.{name}.yaml, rename the folder, or remove it"
        yield Problem(f"environments/{name}", "nothing uses this folder: no stack file has its name", remedy)
    for variable in unread(layer) if layer else ():
        remedy = "correct its name, or remove it"
        yield Problem(variable.where, f"nothing reads {variable.name}: no role, hook or template names it", remedy)

"""Protected environments: plain ``pulumi`` neither deletes nor disturbs their nodes, and deletes no volume.

Our commands look at the whole plan first. Plain ``pulumi up`` asks a hook before each step, in this program. Plain
``pulumi destroy`` does not run the program: the engine refuses to delete what has a hook that it cannot ask, with
``--ignore-protect``, too.
"""

import pulumi

from components.options import BOOT_VOLUME_IMAGE, IMAGE
from slurm_appliance.config import ClusterConfig
from slurm_appliance.preflight.run import handed_over

#: The hook's name in the states of protected environments.
NAME = "slurm-appliance-protected"
#: Inputs of a server whose change disturbs its users, as far as it is an update: rebuild, resize.
_DISTURBING = (IMAGE, BOOT_VOLUME_IMAGE.partition("[")[0], "flavorId")


def protection(config: ClusterConfig) -> pulumi.ResourceHookBinding | None:
    """The hooks of nodes and kept volumes; None in an environment that is not protected."""
    if not config.protected:
        return None
    hook = pulumi.ResourceHook(NAME, _refuse)
    return pulumi.ResourceHookBinding(before_delete=[hook], before_update=[hook])


def _refuse(about: pulumi.ResourceHookArgs) -> None:
    old, new = about.old_inputs or {}, about.new_inputs
    harmless = new is not None and all(old.get(key) == new.get(key) for key in _DISTURBING)
    # A command of ours has asked the operator.
    if harmless or handed_over():
        return
    stack = pulumi.get_stack()
    raise RuntimeError(
        f"{stack} is protected, and this would {'delete' if new is None else 'disturb'} {about.name}\n"
        f"  → if it is meant: ./slurm-appliance up --stack {stack} --allow-disruptive"
    )

"""Runs fatimage.yml against the build server, its only host."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from node.ansible_init.unsafe import unsafe
from slurm_appliance.image.content import ANSIBLE, PLAYBOOK
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.spec import GROUPS
from slurm_appliance.image.ssh import SshTarget
from slurm_appliance.image.stop import Deadline
from slurm_appliance.playbooks.run import run_playbook
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.site_layer.run import LayerRun, prepared

#: The build server's name in the inventory.
HOST = "builder"


def run(
    folder: Path,
    ssh_target: SshTarget,
    groups: Sequence[str],
    variables: Mapping[str, Any],
    deadline: Deadline,
    say: Callable[[str], None],
    layer: SiteLayer | None = None,
) -> Mapping[str, float]:
    """Run the playbook.

    Args:
        folder: private folder of the build; gets ``ansible.log``.
        ssh_target: how to reach the server.
        groups: the server's inventory groups.
        variables: variables for the playbook; may contain secrets.
        deadline: ends the run early.
        say: prints a line for the operator.
        layer: the site's own layer, if the build uses it.

    Returns:
        Durations by phase in seconds.

    Raises:
        BuildError: a task failed; has the task, its node and its message.
        StoppedError: the build was stopped.
    """
    work = folder / "ansible"
    work.mkdir(mode=0o700)
    inventory = work / "hosts.json"
    inventory.write_text(json.dumps(unsafe(inventory_of(ssh_target, groups)), indent=1))
    layers = LayerRun() if layer is None else prepared(layer, "image", work)
    with (folder / "ansible.log").open("a", encoding="utf-8", buffering=1) as log:
        outcome = run_playbook(
            ANSIBLE / PLAYBOOK,
            (*layers.inventories, inventory),
            log,
            say,
            folder=work,
            variables={**variables, **layers.variables},
            environment={"ANSIBLE_HOST_KEY_CHECKING": "True", **layers.environment},
            cancelled=lambda: deadline.wanted,
        )
    deadline.check()
    if outcome.status != "successful":
        remedy = f"full log: {folder / 'ansible.log'}"
        if not outcome.failures:
            raise BuildError(f"ansible-playbook: {outcome.status}", where=PLAYBOOK, remedy=remedy)
        last = outcome.failures[-1]
        raise BuildError(last.message, where=f"{PLAYBOOK}, host {last.host}, task '{last.task}'", remedy=remedy)
    return outcome.phases


def inventory_of(ssh_target: SshTarget, groups: Sequence[str]) -> dict[str, Any]:
    """The inventory: one host, in the groups that the image is for; the others of ours exist, but are empty."""
    host = {"ansible_host": ssh_target.alias, "ansible_ssh_common_args": f"-F '{ssh_target.config}'"}
    return {
        "all": {
            "hosts": {HOST: host},
            "children": {
                group: {"hosts": {HOST: None} if group in groups else {}} for group in dict.fromkeys([*GROUPS, *groups])
            },
        }
    }

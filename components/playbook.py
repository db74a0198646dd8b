"""``site.yml`` as a resource: it runs when servers, settings, secrets or playbooks changed, and not otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.command import module_command
from components.kind import token
from slurm_appliance.environment import Environment
from slurm_appliance.tree_digest import tree_digest
from toolchain.paths import REPOSITORY

#: All playbooks and roles: a change in any of them is a reason to run.
ANSIBLE = REPOSITORY / "ansible"


class SitePlaybook(pulumi.ComponentResource):
    """One playbook run over the whole cluster.

    Attributes:
        result: the small JSON document that the run ends with.
    """

    result: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        folder: Environment,
        *,
        reasons: Mapping[str, pulumi.Input[str]],
        depends_on: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Run ``site.yml``.

        Args:
            name: the resource's name.
            folder: where inventory and secrets are, and logs go.
            reasons: what the run depends on beside the playbooks, by a word for each: digests, ids.
            depends_on: what has to be there before.
            opts: the component's options.
        """
        super().__init__(token("Site"), name, {}, opts)
        request: dict[str, Any] = {
            "environment_folder": str(folder.folder),
            "inventory": str(folder.inventory),
            "playbook": "site.yml",
            "extra_vars": {},
        }
        command = module_command(
            name,
            "slurm_appliance.site_run",
            self,
            request=request,
            environment={
                "SLURM_APPLIANCE_PLAYBOOKS": tree_digest(ANSIBLE),
                **{f"SLURM_APPLIANCE_{word.upper()}": value for word, value in reasons.items()},
            },
            depends_on=depends_on,
        )
        self.result = command.stdout
        self.register_outputs({})

"""The cluster's secrets: generated once and kept encrypted by the stack, unless the configuration sets them."""

from collections.abc import Callable, Mapping

import pulumi

from components.command import module_command
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.secrets.rotation import NAMESPACE

#: Returns how often something was rotated.
Rotations = Callable[[str], int]


def configured_rotations() -> Rotations:
    """The rotations that the running program's stack configures."""
    settings = pulumi.Config(NAMESPACE)
    return lambda name: settings.get_int(name) or 0


class Secrets(pulumi.ComponentResource):
    """All secrets by name. Each one is a separate resource, so that it can be rotated alone.

    Attributes:
        values: the secrets.
        bundle_key: the public part of the key that signs compute nodes' bundles, which is not secret.
    """

    values: Mapping[str, pulumi.Output[str]]
    bundle_key: pulumi.Output[str]

    def __init__(
        self, name: str, config: ClusterConfig, rotations: Rotations, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Secrets"), name, {}, opts)
        given = {name: getattr(config.secrets, name) for name in MAKERS}
        self.values = {
            name: pulumi.Output.secret(given[name].reveal())
            if given[name] is not None
            else self._generated(name, rotations(name))
            for name in sorted(MAKERS)
        }
        public = self.values["bundle_signing_key"].apply(lambda secret: SigningKey(secret).public)
        self.bundle_key = pulumi.Output.unsecret(public)
        self.register_outputs({})

    def _generated(self, name: str, rotation: int) -> pulumi.Output[str]:
        command = module_command(
            name,
            f"slurm_appliance.secrets generate {name}",
            self,
            environment={"SLURM_APPLIANCE_ROTATION": str(rotation)},
            secret=True,
        )
        return pulumi.Output.secret(command.stdout)

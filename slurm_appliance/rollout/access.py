"""How a rollout accesses its cluster: from the deploy host with the stack's files, or on the control node itself."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from node.reboot_program.cloud import Cloud
from node.reboot_program.errors import CloudCallError
from node.reboot_program.settings import read_settings, settings_file
from slurm_appliance.cloud.connection import connect
from slurm_appliance.config import from_stack_file
from slurm_appliance.config.rollout import RolloutDefaults
from slurm_appliance.engine.settings import state_store
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.journal.store import FolderStore
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.rollout.control import TARGETS
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.images import ServerImages
from slurm_appliance.rollout.journal import RolloutPlace
from slurm_appliance.rollout.shell import LocalShell, Shell, SshShell
from slurm_appliance.ssh.known_hosts import SshHost
from toolchain.paths import state_folder

#: The inventory's name for the control node's group.
_CONTROL = "control"


@dataclass(frozen=True)
class ClusterAccess:
    """An accessible cluster.

    Attributes:
        shell: shell on the control node.
        images: image lookup in its cloud.
        journal: where its rollouts are recorded.
        settings: defaults of the command's options.
        targets: the file of targets on the control node.
    """

    shell: Shell
    images: ServerImages
    journal: RolloutPlace
    settings: RolloutDefaults = field(default_factory=RolloutDefaults)
    targets: Path = TARGETS


def of_stack(stack: str, stack_file: Path, cloud: str | None) -> ClusterAccess:
    """Access to a stack's cluster from its deploy host.

    Args:
        stack: its name.
        stack_file: its configuration file.
        cloud: the entry of clouds.yaml; None to use the OS_* variables.

    Raises:
        ApplianceError: the stack was never deployed, or the cloud cannot be queried.
    """
    environment = EnvironmentFolder.of(stack)
    inventory = environment.inventory / "hosts.yml"
    try:
        everything = inventory_file.load(inventory.read_text())["all"]
        ((name, variables),) = everything["children"][_CONTROL]["hosts"].items()
        control = SshHost.of(name, everything["vars"] | variables, environment.inventory)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise RolloutError(
            "there is no inventory with a control node",
            where=str(inventory),
            remedy="run slurm-appliance up first",
        ) from error
    config = from_stack_file(stack_file)
    shell = SshShell(f"{control.user}@{control.address}", ["-p", str(control.port), *control.arguments])
    connection = connect(cloud)
    servers = Cloud(connection.compute, connection.image, connection.block_storage)
    return ClusterAccess(shell, ServerImages(servers), rollout_place(stack), config.rollout)


def rollout_place(stack: str) -> RolloutPlace:
    """Where the rollouts of a stack's cluster are recorded: beside its state; for Pulumi Cloud, on this machine.

    Raises:
        UsageError: the backend's URL or its credentials have something that is not supported.
    """
    return RolloutPlace(state_store() or FolderStore(state_folder()), f".slurm-appliance/rollouts/{stack}", stack)


def here() -> ClusterAccess:
    """Access on the control node, with the RebootProgram's settings and credential.

    Raises:
        ApplianceError: this is not the control node, or its files are not readable.
    """
    path = settings_file()
    if not path.exists():
        raise ApplianceError("this machine is not a control node", where=str(path), remedy="use --stack NAME")
    settings = read_settings(path)
    try:
        servers = Cloud.open(settings.clouds, settings.cloud)
    except CloudCallError as error:
        raise ApplianceError(str(error), remedy="run this as root") from error
    # Next to the spool, not in it: the worker's user owns the spool, and this runs as root.
    journal = settings.spool.with_name(f"{settings.spool.name}-rollout")
    place = RolloutPlace(FolderStore(journal.parent), journal.name)
    return ClusterAccess(LocalShell(), ServerImages(servers), place, targets=settings.targets)

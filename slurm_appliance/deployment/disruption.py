"""Which of the engine's steps are disruptive, apart from those on nodes: see image_plan.py."""

from collections.abc import Iterable

from slurm_appliance.engine.steps import HOLDING_DATA, PORT, SERVER, Step, planned

#: Commands that run again, and rules and metadata that change in place, are not disruptive.
_QUIET_TYPES = frozenset(
    {
        "command:local:Command",
        "openstack:networking/secGroupRule:SecGroupRule",
        "openstack:identity/applicationCredential:ApplicationCredential",
        "openstack:compute/serverGroup:ServerGroup",
        "openstack:compute/keypair:Keypair",
    }
)


def disruptions(steps: Iterable[Step]) -> list[str]:
    """A sentence for each step that removes something that nodes or people may be using."""
    found = []
    for step in planned(steps):
        if step.type == SERVER or step.type in _QUIET_TYPES:
            continue
        kind = step.type.rpartition(":")[2]
        if step.op == "delete":
            found.append(f"{kind} {step.name} is deleted{_data(step)}")
        elif step.op == "replace":
            why = ", ".join(step.replacing or step.changed)
            found.append(f"{kind} {step.name} is replaced{_data(step)}: {why} changed")
        elif step.type == PORT and any(changed.startswith("fixedIps") for changed in step.changed):
            found.append(f"{kind} {step.name} gets another address: its node has no network until it is rebooted")
    return found


def _data(step: Step) -> str:
    return ", with all its data" if step.type in HOLDING_DATA else ""

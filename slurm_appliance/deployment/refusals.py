"""What an operation refuses unless it is allowed explicitly: disrupt a protected environment, ignore lost data."""

from slurm_appliance.deployment.drift import Drift
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine.steps import HOLDING_DATA, SHARE, VOLUME
from slurm_appliance.errors import ApplianceError, ExitStatus

#: How to go on with what was restored.
_RESTORED = {
    VOLUME: "restore it from a snapshot or a backup as a volume with the same name and set its provisioning "
    "(state_volume_provisioning, home_volume_provisioning) to attach",
    SHARE: "restore it from a snapshot or a backup as a share, and name it with share, without create",
}


class ProtectedEnvironmentError(ApplianceError):
    """Raised when a protected environment would be disrupted without permission."""

    exit_status = ExitStatus.DISRUPTIVE


class LostDataError(ApplianceError):
    """Raised when a volume or a share that must be kept was deleted: an empty one would not restore its data."""


def refuse_disruption(session: Session, plan: DeploymentPlan, allowed: bool) -> None:
    """Fail if a protected environment would be disrupted.

    Raises:
        ProtectedEnvironmentError: it would be, and this was not allowed.
    """
    if session.config.protected and plan.disruptive and not allowed:
        nodes = [row.node for row in plan.rows if row.action.disruptive]
        raise ProtectedEnvironmentError(
            f"this would disrupt {len(nodes)} nodes and delete {len(plan.losses)} other resources: "
            f"{', '.join([*nodes, *plan.losses][:5])}",
            where=f"{session.name} is protected",
            remedy="review it with preview; add --allow-disruptive to confirm it",
        )


def refuse_data_loss(session: Session, drift: Drift) -> None:
    """Fail if a volume or a share that must be kept was deleted.

    Raises:
        LostDataError: one was deleted.
    """
    lost = [each for each in drift.missing if each.type in HOLDING_DATA and each.protected]
    if lost:
        raise LostDataError(
            "; ".join(map(str, lost)) + ", and its data are lost",
            where=session.name,
            evidence="\n".join(drift.lines()),
            remedy="; ".join(_RESTORED[type_] for type_ in sorted({each.type for each in lost}))
            + "; or accept the loss. Then run up --give-up-lost-volumes, which removes it from the state and, if it is "
            "still to be made here, creates an empty one",
        )


def refuse_destruction(session: Session, allowed: bool) -> None:
    """Fail if a protected environment would be destroyed.

    Raises:
        ProtectedEnvironmentError: it would be, and this was not allowed.
    """
    if session.config.protected and not allowed:
        raise ProtectedEnvironmentError(
            "this would delete its cluster",
            where=f"{session.name} is protected",
            remedy="add --allow-disruptive to confirm it",
        )

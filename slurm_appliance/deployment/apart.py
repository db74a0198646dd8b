"""The engine works on a state of its own: what it makes of it becomes the stack's in one step, or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.deployment.session import PROJECT, Session, only_in_pulumi_cloud
from slurm_appliance.engine import automation
from slurm_appliance.journal.backend import serving
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout


@contextmanager
def apart(session: Session, deployment: dict[str, Any]) -> Iterator[StateLayout]:
    """A state in a scratch folder, which the engine uses instead of the stack's."""
    workspace = session.stack.workspace
    before = dict(workspace.env_vars)
    with scratch_folder() as folder:
        layout = StateLayout(folder, PROJECT, session.name)
        layout.state.parent.mkdir(parents=True)
        layout.write({"version": 3, "checkpoint": {"stack": layout.qualified_name, "latest": deployment}})
        with serving(Keeper(layout)) as variables:
            workspace.env_vars = {**before, **variables}
            try:
                yield layout
            finally:
                workspace.env_vars = before


def refreshed(session: Session, deployment: dict[str, Any], urns: Sequence[str]) -> dict[str, Any]:
    """A deployment with some resources as they are in the cloud; the stack's state stays as it is.

    Raises:
        EngineError: one of them cannot be read.
    """
    if not urns:
        return deployment
    with apart(session, deployment) as layout:
        _refresh(session, urns)
        return dict(layout.read()["checkpoint"]["latest"])


def replace_refreshed(session: Session, deployment: dict[str, Any], urns: Sequence[str]) -> None:
    """Replace the stack's state, with some resources as they are in the cloud, in one step.

    In two where `only_in_pulumi_cloud`: after a kill between them, ``pulumi refresh`` completes it.

    Raises:
        EngineError: one of them cannot be read.
    """
    if urns and only_in_pulumi_cloud(deployment):
        session.set_deployment(deployment)
        _refresh(session, urns)
    else:
        session.set_deployment(refreshed(session, deployment, urns))


def _refresh(session: Session, urns: Sequence[str]) -> None:
    automation.run(session.stack, "refresh", targets=list(urns), keep_events=False)

"""One stack, ready to run operations on: its configuration, its cloud, its engine, its state."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import plugin_variables, usable_entry
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig, from_stack_file
from slurm_appliance.config.naming import node_groups
from slurm_appliance.config.stack_file import cloud_of, text_of
from slurm_appliance.deploy_host.commit import run_origin
from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.deployment.interrupt import Cancellation
from slurm_appliance.engine import automation
from slurm_appliance.engine.program_here import MOST_NODES
from slurm_appliance.engine.project import prepare, stack_file
from slurm_appliance.engine.recorded_state import resources_of, stack_place
from slurm_appliance.engine.settings import engine_variables, shown_backend
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.journal.backend import journaled
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StackPlace, StateLayout
from slurm_appliance.journal.store import FolderStore
from slurm_appliance.journal.supposition import supposed
from slurm_appliance.preflight.run import facts_for
from slurm_appliance.site_layer.layers import SiteLayer, site_layer
from slurm_appliance.site_repository.current import STACKS
from slurm_appliance.site_repository.place import STACKS_VARIABLE

if TYPE_CHECKING:
    from pulumi.automation import Stack

#: The project's name in Pulumi.yaml, which is part of its state's location.
PROJECT = "slurm-appliance"


@dataclass
class Session:
    """A stack.

    Attributes:
        name: the stack's name.
        config: its configuration.
        cloud: its entry of clouds.yaml; None to use the environment variables.
        folder: its folder on this machine.
        source: the file with its configuration, for errors.
        say: prints a line for the operator.
        excluded: URNs of resources that operations must not change.
        lock_timeout: timeout for a locked stack, in seconds.
        cancellation: the program's wish to cancel an operation.
        slurm_state: version of Slurm whose backup is being restored; empty unless one is.
        alone: whether this process does nothing else, so that it may run the program.
        text: the stack file as it was when the configuration was read.
    """

    name: str
    config: ClusterConfig
    cloud: str | None
    folder: EnvironmentFolder
    source: Path
    say: Callable[[str], None]
    excluded: Sequence[str] = ()
    lock_timeout: float = 0.0
    cancellation: Cancellation = field(default_factory=Cancellation, repr=False)
    _stacks: Path = STACKS
    _stack: "Stack | None" = field(default=None, repr=False)
    _facts: tuple[float, CloudFacts] | None = field(default=None, repr=False)
    slurm_state: str = ""
    alone: bool = False
    text: str = field(default="", repr=False)
    _layer: tuple[SiteLayer | None, ...] = ()
    _place: tuple[StackPlace | None, ...] = field(default=(), repr=False)
    _keeper: Keeper | None = field(default=None, repr=False)

    @property
    def stack(self) -> "Stack":
        """The engine's stack; opened, and created if missing, on first use."""
        if self._stack is None:
            there = None if self.layout is None else self.layout.exists()
            folder = prepare(self.name, self._stacks, without_cloud=self.cloud is None, new=there is False)
            self._stack = self._opened(folder, exists=there is True)
            if isinstance(self.layout, StateLayout):
                self.layout.share()
        return self._stack

    def _opened(self, folder: Path, more: Mapping[str, str] | None = None, *, exists: bool = False) -> "Stack":
        pieces = automation.ensured_toolchain()
        # Child programs look for the site's own layer beside the same stack files.
        variables = engine_variables() | {STACKS_VARIABLE: str(self._stacks.resolve())} | dict(more or {})
        if self.cloud is not None:
            # The stack's commands use the same cloud as its provider.
            variables |= plugin_variables(self.cloud)
        return automation.open_stack(self.name, pieces, variables=variables, folder=folder, exists=exists)

    @contextmanager
    def provisional(self) -> Iterator[None]:
        """If the stack does not exist, use one in a scratch folder for previews: they create nothing in the backend."""
        if self._stack is not None or self.layout is None or self.layout.exists():
            yield
            return
        with scratch_folder() as scratch:
            project = prepare(self.name, self._stacks, into=scratch / "project", without_cloud=self.cloud is None)
            backend = scratch / "state"
            backend.mkdir()
            self._stack = self._opened(project, {"PULUMI_BACKEND_URL": f"file://{backend}"})
            try:
                yield
            finally:
                self._stack = None

    @property
    def layout(self) -> StackPlace | None:
        """The files of its state; None if it is in a service, such as Pulumi Cloud."""
        if not self._place:
            self._place = (stack_place(PROJECT, self.name),)
        return self._place[0]

    def reopened(self) -> "Session":
        """The same stack with its configuration as the stack file has it now.

        Raises:
            ConfigError: its configuration has mistakes.
        """
        fresh = open_session(
            self.name,
            self.say,
            stacks=self._stacks,
            excluded=self.excluded,
            lock_timeout=self.lock_timeout,
            alone=self.alone,
        )
        fresh.cancellation = self.cancellation
        return fresh

    @property
    def runs_program(self) -> bool:
        """Whether the program of an ``up`` or a preview runs in this process."""
        nodes = sum(len(group.nodes) for _, _, group in node_groups(self.config))
        return self.alone and nodes <= MOST_NODES and self._stacks.resolve() == STACKS.resolve()

    @property
    def stacks(self) -> Path:
        """The folder of stack files."""
        return self._stacks

    @property
    def layer(self) -> SiteLayer | None:
        """The site's own layer; read once.

        Raises:
            SiteLayerError: it cannot be used.
        """
        if not self._layer:
            self._layer = (site_layer(self._stacks, self.name),)
        return self._layer[0]

    def facts(self, *, fresh: bool = False) -> CloudFacts:
        """The facts of the cloud, gathered on first use.

        Raises:
            CloudError: a query fails.
        """
        if self._facts is None or fresh:
            self._facts = (time.monotonic(), facts_for(self.config, self.cloud))
        return replace(self._facts[1], slurm_state=self.slurm_state)

    def take(self, facts: CloudFacts) -> None:
        """Use these facts from now on."""
        self._facts = (time.monotonic(), facts)

    @property
    def age(self) -> float:
        """Age of the facts in seconds."""
        return time.monotonic() - self._facts[0] if self._facts else float("inf")

    @contextmanager
    def held(self, doing: str) -> Iterator[None]:
        """Lock the stack, and record every step.

        Args:
            doing: the operation, shown to others who find the stack locked.

        Raises:
            LockedError: the stack is locked.
            JournalError: its state cannot be read.
        """
        stack, layout = self.stack, self.layout
        if layout is None:
            yield
            return
        before = dict(stack.workspace.env_vars)
        origin = run_origin(self._stacks)
        with journaled(layout, doing, origin=origin, lock_timeout=self.lock_timeout, say=self._wait_for) as backend:
            for holder in backend.taken_over:
                self.say(f"removed a stale lock held by {holder}")
            if backend.recovered:
                self.say(f"recovered {backend.recovered} steps of an interrupted run from its journal")
            stack.workspace.env_vars = {**before, **backend.variables}
            self._keeper = backend.keeper
            try:
                yield
            finally:
                stack.workspace.env_vars, self._keeper = before, None

    @contextmanager
    def supposing(self, deployment: dict[str, Any]) -> Iterator[None]:
        """Run previews on an assumed state.

        An empty state has no changes: previews use the actual state then, and where `only_in_pulumi_cloud`.
        """
        if not deployment.get("resources") or only_in_pulumi_cloud(deployment):
            yield
            return
        workspace = self.stack.workspace
        before = dict(workspace.env_vars)
        with supposed(self.layout or StackPlace(FolderStore(Path()), PROJECT, self.name), deployment) as variables:
            workspace.env_vars = {**before, **variables}
            try:
                yield
            finally:
                workspace.env_vars = before

    def _wait_for(self, whom: str) -> None:
        """The stack is locked: the cloud will have changed when the lock is released."""
        self._facts = None
        self.say(whom)

    @contextmanager
    def handing_over(self, facts: CloudFacts) -> Iterator[None]:
        """Pass these facts to child programs, so that they do not query the cloud again."""
        workspace = self.stack.workspace
        before = dict(workspace.env_vars)
        with scratch_folder() as folder:
            path = folder / "facts.json"
            store.dump(facts, path)
            workspace.env_vars = {**before, store.VARIABLE: str(path)}
            try:
                yield
            finally:
                workspace.env_vars = before

    def deployment(self) -> dict[str, Any]:
        """The state's resources, including those of an unfinished journal; empty for a new stack.

        Raises:
            JournalError: the state cannot be read.
        """
        layout = self.layout
        if layout is None:
            return dict(self.stack.export_stack().deployment or {})
        return resources_of(layout)

    @property
    def backend(self) -> str:
        """The location of its state, for messages."""
        return shown_backend()

    @contextmanager
    def showing(self, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
        """Let the engine see other attributes of the resources than the state has, under the lock.

        The state keeps its own, however the run ends; except in Pulumi Cloud, where the engine reads it itself.

        Args:
            changed: makes the deployment to show; it has the same resources in the same order.
        """
        if self._keeper is None:
            self.set_deployment(changed(self.deployment()))
            yield
            return
        with self._keeper.showing(changed):
            yield

    def set_deployment(self, deployment: dict[str, Any]) -> None:
        """Replace the state's resources.

        Raises:
            LockLostError: the lock was lost: the state may be another run's by now.
        """
        if self.layout is None:
            exported = self.stack.export_stack()
            exported.deployment = deployment
            self.stack.import_stack(exported)
        elif self._keeper is None:
            raise RuntimeError("a state is written under its lock only")
        else:
            self._keeper.replace(deployment)


def open_session(
    name: str,
    say: Callable[[str], None],
    *,
    stacks: Path = STACKS,
    excluded: Sequence[str] = (),
    lock_timeout: float = 0.0,
    alone: bool = False,
) -> Session:
    """The session of a stack; queries and creates nothing yet.

    Args:
        name: the stack's name.
        say: prints a line for the operator.
        stacks: the folder of stack files.
        excluded: URNs of resources that operations must not change.
        lock_timeout: timeout for a locked stack, in seconds.
        alone: whether this process does nothing else.

    Raises:
        UsageError: the stack does not exist.
        ConfigError: its configuration has mistakes.
    """
    path = stack_file(name, stacks)
    text = text_of(path)
    config = from_stack_file(path)
    cloud = usable_entry(cloud_of(path))
    return Session(
        name,
        config,
        cloud,
        EnvironmentFolder.of(name),
        path,
        say,
        excluded,
        lock_timeout,
        _stacks=stacks,
        alone=alone,
        text=text,
    )


def only_in_pulumi_cloud(deployment: Mapping[str, Any]) -> bool:
    """Whether nothing but Pulumi Cloud can decrypt a state's secrets: the engine cannot work on a copy of it."""
    return (deployment.get("secrets_providers") or {}).get("type") == "service"

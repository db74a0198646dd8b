"""The errors that the project raises on purpose.

They have the shape of ``toolchain/errors.py``. The subclasses of ToolchainError, MirrorError and ImageError are in
``toolchain/errors.py``, ``mirror/errors.py`` and ``image/errors.py``. ``localcloud/errors.py`` has its own base class.

ApplianceError                          what happened, where, what to do; ends the command with its exit status
├── ConfigError (ValueError)            the configuration has mistakes; carries all of them
├── StateError                          the state does not fit what is in the project; carries all that does not
├── StalePlanError                      the plan is no longer the one that was approved
├── CancelledError                      a signal ended an operation; what it began is recorded
├── UsageError (ValueError)             arguments that do not go together
├── CheckError                          a gate or a test tier did not pass; what it printed says why
├── ToolchainError                      something that the project runs on cannot be had
├── EngineError                         an operation on a stack failed: the resource and why (automation.py)
│   └── StackInUseError                 somebody else uses a stack whose state is not in a folder
├── JournalError                        the state cannot be had for us alone, or its journal does not fit (journal/)
│   ├── LockedError                     somebody else uses the stack
│   └── LockLostError                   somebody took the lock of a run that lives
├── ProtectedEnvironmentError           a protected environment would be disturbed (deployment/refusals.py)
├── AdoptionError                       existing resources cannot be taken into the state (deployment/adoption_plan.py)
├── LostDataError                       somebody deleted a volume or share that is kept (deployment/refusals.py)
├── SiteError                           the servers are there, and site.yml failed (site/failure.py)
│   └── PartialSiteError                the cluster runs; some compute nodes do not
├── CloudError                          the cloud cannot be asked (cloud/connection.py)
├── CloudTextError (ValueError)         what the cloud says cannot be what it stands for (cloud_text.py)
├── HostVariablesError (ValueError)     variables of a node cannot be exported (hostvars/)
├── SiteLayerError (ValueError)         a site's own layer cannot be used (site_layer/)
├── SlurmTrialError                     the deploy host's Slurm cannot try its files (slurm_trial/)
├── RolloutError                        a rollout ends with nodes that are not done, or cannot begin (rollout/)
├── ControlNodeError                    the control node cannot be asked; it may only be away (rollout/)
├── SlurmBackupError                    the control node cannot list or restore backups (slurm_backups/)
├── ClusterCheckError                   a cluster cannot be looked at, or does not pass (cluster_check/)
└── DemoError                           the demo's cluster does not do what the demo wants to show (demo.py)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from toolchain.errors import ApplianceError, ToolchainError
from toolchain.terminal import printable

__all__ = ["ApplianceError", "CheckError", "ConfigError", "Problem", "StateError", "ToolchainError", "UsageError"]


class ExitStatus(IntEnum):
    """How commands about a stack end. No two meanings share a number, so that a mistyped name passes no gate."""

    #: Done, or nothing to do.
    OK = 0
    #: Any other error.
    ERROR = 1
    #: Wrong arguments; no such stack.
    USAGE = 2
    #: preview: nodes or data are disturbed; up: refused, because the environment is protected.
    DISRUPTIVE = 3
    #: up: the cluster runs, but compute nodes failed.
    PARTIAL = 4
    #: Another operation holds the stack's lock.
    LOCKED = 5
    #: preview, status: somebody deleted or changed a resource; up mends it.
    DRIFT = 6
    #: preview: changes that disturb nobody.
    CHANGES = 7
    #: up --plan: the plan is no longer what was approved.
    STALE_PLAN = 8
    #: Cancelled by Ctrl-C (SIGINT); by SIGHUP and SIGTERM 129 and 143.
    CANCELLED = 130


@dataclass(frozen=True)
class Problem:
    """One mistake in the configuration.

    Attributes:
        path: the path, in the operator's spelling: ``compute.general.flavor``, ``cluster_networks[0].subnet``.
        what: what is wrong, including the value unless it may be secret.
        remedy: what is allowed, or what was probably meant.
    """

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.what}\n  → {self.remedy}")


class ConfigError(ApplianceError, ValueError):
    """Raised when a configuration has mistakes. Reports all of them at once, before anything is created."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = f"{len(self.problems)} mistake{'s' if len(self.problems) != 1 else ''}"
        super().__init__(f"the configuration has {count}; nothing was changed", where=source)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


class StateError(ApplianceError):
    """Raised when the state does not match the project, so that a run would create resources that already exist.

    Args:
        problems: what does not match.
        source: the stack.
        others: mistakes of the configuration, found in the same run.
    """

    def __init__(self, problems: Sequence[Problem], source: str = "", others: Sequence[Problem] = ()) -> None:
        self.problems = (*problems, *others)
        super().__init__("the state does not match the project; nothing was changed", where=source)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


class CheckError(ApplianceError):
    """Raised when a gate or a test tier fails."""


class UsageError(ApplianceError, ValueError):
    """Raised for command-line arguments that cannot be combined or that name something unknown."""

    exit_status = ExitStatus.USAGE

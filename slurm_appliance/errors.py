"""The errors that the project raises on purpose.

They have the shape of ``toolchain/errors.py``. The subclasses of ToolchainError, MirrorError and ImageError are in
``toolchain/errors.py``, ``mirror/errors.py`` and ``image/errors.py``. ``localcloud/errors.py`` has its own base class.

ApplianceError                          what happened, where, what to do; ends the command with its exit status
├── ConfigError (ValueError)            the configuration has mistakes; lists all of them
├── StateError                          the state does not match the project; lists all differences
├── UsageError (ValueError)             invalid or incompatible arguments
├── CheckError                          a gate or a test tier failed; see its output
├── ToolchainError                      a tool that the project needs is unavailable
├── EngineError                         an operation on a stack failed: the resource and why (engine/)
│   └── StackInUseError                 a stack with another backend is locked
├── JournalError                        the state cannot be locked, or its journal does not match (journal/)
│   ├── LockedError                     the stack is locked
│   └── LockLostError                   a running command lost its lock
├── ProtectedEnvironmentError           a protected environment would be disrupted (deployment/refusals.py)
├── LostDataError                       a volume that must be kept was deleted (deployment/refusals.py)
├── SiteError                           the servers exist, but site.yml failed (site/failure.py)
│   └── PartialSiteError                the cluster runs without some compute nodes
├── CloudError                          a query to the cloud failed (cloud/connection.py)
├── CloudTextError (ValueError)         the cloud returned a malformed value (cloud/text.py)
├── HostVariablesError (ValueError)     a node's variables cannot be exported (hostvars/)
├── SlurmTrialError                     Slurm's files cannot be tested on the deploy host (slurm_trial/)
├── RolloutError                        a rollout cannot start, or ended with unfinished nodes (rollout/)
├── ControlNodeError                    the control node does not respond; it may be temporary (rollout/)
├── ClusterCheckError                   a cluster cannot be checked, or fails a check (cluster_check/)
└── DemoError                           the demo failed (demo/)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.errors import ApplianceError, ToolchainError
from toolchain.terminal import printable

__all__ = ["ApplianceError", "CheckError", "ConfigError", "Problem", "StateError", "ToolchainError", "UsageError"]


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

    exit_status = 2

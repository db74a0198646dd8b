"""The errors that the mirror raises on purpose.

ApplianceError
└── MirrorError                   the mirror cannot do what it was asked for
    ├── MirrorMachineError        this machine lacks something: root, a package, a kernel feature
    ├── MirrorServiceError        a service does not start, died, or does not answer; carries the end of its log
    ├── BusyError                 another mirror command is at work on the same mirror
    ├── MirrorNotRunningError     the command needs a mirror that is up
    ├── MirrorConfigError         the list of repositories has mistakes; carries all of them (ValueError)
    ├── MirrorNotFoundError       a repository or snapshot is named that does not exist (LookupError)
    ├── PulpError                 Pulp refused a request or cannot be reached
    └── TaskError                 a task in Pulp failed, was cancelled, or took too long; carries Pulp's own words
"""

from collections.abc import Sequence

from toolchain.errors import ApplianceError


class MirrorError(ApplianceError):
    """Raised when the mirror cannot complete a request for a reason that the user can act on."""


class MirrorMachineError(MirrorError):
    """Raised when this machine lacks something that the mirror needs and that cannot be installed."""


class MirrorServiceError(MirrorError):
    """Raised when a service does not start, exits, or does not respond in time."""


class BusyError(MirrorError):
    """Raised when another command is using the same mirror."""


class MirrorNotRunningError(MirrorError):
    """Raised when a command needs a running mirror."""


class MirrorConfigError(MirrorError, ValueError):
    """Raised when the list of repositories has mistakes. Reports all of them, before anything is synced.

    Args:
        problems: one sentence per mistake, starting with its path in the file.
        source: the file.
    """

    exit_status = 2

    def __init__(self, problems: Sequence[str], source: str) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} mistake{'s' if len(self.problems) != 1 else ''}"
        super().__init__(
            f"the list of repositories has {count}; nothing was changed",
            where=source,
            evidence="\n".join(self.problems),
            remedy="see docs/mirror.md for every setting",
        )


class MirrorNotFoundError(MirrorError, LookupError):
    """Raised when a named repository or snapshot does not exist."""

    exit_status = 2


class PulpError(MirrorError):
    """Raised when Pulp rejects a request or cannot be reached.

    Args:
        what, where, evidence, remedy: as in every error.
        status: the HTTP status of the answer; 0 without a response.
    """

    def __init__(self, what: str, *, where: str, evidence: str = "", remedy: str = "", status: int = 0) -> None:
        super().__init__(what, where=where, evidence=evidence, remedy=remedy)
        self.status = status


class TaskError(MirrorError):
    """Raised when a task in Pulp failed, was cancelled, or timed out."""

"""The errors that the local cloud raises on purpose.

LocalCloudError         what happened, where, what to do; ends the command with its exit status
├── MachineError        this machine lacks something: root, a package, a kernel feature
├── InstallError        the services' Python packages cannot be installed
├── ServiceError        a service does not start, died, or does not answer; carries the end of its log
├── BaseImageError      the base image cannot be made
├── FaultError          a fault switch that makes no sense (ValueError)
├── NotFoundError       a server, service or fault of that name does not exist (LookupError)
└── NotRunningError     the command needs a cloud that is up
"""


class LocalCloudError(Exception):
    """Raised when the local cloud cannot do something for a reason that the user can act on.

    Args:
        what: what happened, one sentence.
        where: the service, file or resource that it happened to.
        remedy: what to do about it.
        evidence: lines that show it, such as the end of a log.
    """

    #: The command's exit status.
    exit_status = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "", evidence: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.evidence = evidence

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        shown = [f"  │ {line}" for line in self.evidence.splitlines()]
        return "\n".join([head, *shown, *([f"  → {self.remedy}"] if self.remedy else [])])


class MachineError(LocalCloudError):
    """Raised when this machine lacks something that the cloud needs and that cannot be installed."""


class InstallError(LocalCloudError):
    """Raised when the services' Python packages cannot be installed."""


class ServiceError(LocalCloudError):
    """Raised when a service does not start, exits, or does not respond in time."""


class BaseImageError(LocalCloudError):
    """Raised when the base image cannot be created."""


class FaultError(LocalCloudError, ValueError):
    """Raised for an invalid fault: an unknown effect, a pattern that is not a regular expression."""

    exit_status = 2


class NotFoundError(LocalCloudError, LookupError):
    """Raised when a named server, service or fault does not exist."""


class NotRunningError(LocalCloudError):
    """Raised when a command needs a running cloud."""

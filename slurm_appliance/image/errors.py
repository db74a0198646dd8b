"""The errors that image code raises on purpose.

ApplianceError
├── ContentError (ValueError)   the content of an image cannot be determined (content.py)
├── CloudApiError               OpenStack rejected a request or did not respond; has the request
├── BuildError                  a step of a build failed; nothing of it is left unless the error says so
│   └── StoppedError            a build was stopped: by a signal, a timeout, a lost claim
├── ImageError (LookupError)    a requested image does not exist, or is not unique
└── TrackerError                a file is not the data of Debian's security tracker, or does not cover an image
"""

from slurm_appliance.errors import ApplianceError


class CloudApiError(ApplianceError):
    """Raised when OpenStack rejected a request, or did not respond, after all retries.

    Args:
        what: the cloud's own message.
        where: method, service and path.
        status: HTTP status; 0 without a response.
        request_id: the cloud's ID of the request, for its logs.
    """

    def __init__(self, what: str, *, where: str, status: int = 0, request_id: str = "", remedy: str = "") -> None:
        self.status = status
        self.request_id = request_id
        numbered = f"{what} (request {request_id})" if request_id else what
        super().__init__(numbered, where=where, remedy=remedy)


class BuildError(ApplianceError):
    """Raised when a step of an image build fails; ``where`` has the step, and the node and task if any."""


class StoppedError(BuildError):
    """Raised when a build was stopped: by a signal, its timeout, or because it lost its claim."""

    def __init__(self, what: str, *, remedy: str = "", signal: int = 0) -> None:
        super().__init__(what, remedy=remedy)
        self.by_signal = signal != 0
        if signal:
            self.exit_status = 128 + signal


class ImageError(ApplianceError, LookupError):
    """Raised when a requested image does not exist, cannot be used, or is not unique."""


class TrackerError(ApplianceError):
    """Raised when a file is not the security tracker's data, or does not cover an image's packages."""

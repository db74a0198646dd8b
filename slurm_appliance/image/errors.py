"""What goes wrong with images on purpose.

ApplianceError
├── ContentError (ValueError)   what goes into an image cannot be told (content.py)
├── CloudApiError               OpenStack refused or did not answer; names the request
├── BuildError                  a step of a build failed; nothing of it is left unless it says so
│   └── StoppedError            a build was ended before its time: by a signal, a time limit, a lost claim
├── ImageError (LookupError)    an image that is asked for does not exist, or is not unique
└── TrackerError                a file is not the data of Debian's security tracker, or of no use for an image
"""

from slurm_appliance.errors import ApplianceError


class CloudApiError(ApplianceError):
    """Raised when OpenStack refused a request, or did not answer it, after all retries.

    Args:
        what: the cloud's own words.
        where: method, service and path.
        status: HTTP status; 0 where there was no answer.
        request_id: the cloud's name for the request, for its logs.
    """

    def __init__(self, what: str, *, where: str, status: int = 0, request_id: str = "", remedy: str = "") -> None:
        self.status = status
        self.request_id = request_id
        numbered = f"{what} (request {request_id})" if request_id else what
        super().__init__(numbered, where=where, remedy=remedy)


class BuildError(ApplianceError):
    """Raised when a step of an image build failed; ``where`` names the step, and the node and task if there are any."""


class StoppedError(BuildError):
    """Raised when a build was ended from outside: by a signal, its time limit, or because it lost its claim."""

    def __init__(self, what: str, *, remedy: str = "", signal: int = 0) -> None:
        super().__init__(what, remedy=remedy)
        self.by_signal = signal != 0
        if signal:
            self.exit_status = 128 + signal


class ImageError(ApplianceError, LookupError):
    """Raised when an image that is asked for does not exist, cannot be used, or is one of several."""


class TrackerError(ApplianceError):
    """Raised when a file is not what Debian's security tracker offers, or has nothing on an image's packages."""

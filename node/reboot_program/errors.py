"""Errors of the cloud's calls; separate from `cloud`, so that decisions and tests do not need openstacksdk."""

from __future__ import annotations


class CloudCallError(RuntimeError):
    """Raised when a call fails.

    Attributes:
        passes: a retry may succeed.
        unauthorized: the credential was rejected; it may have been rotated.
        retry_after: the server's delay in seconds, or None.
    """

    def __init__(
        self, what: str, *, passes: bool, unauthorized: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.passes = passes
        self.unauthorized = unauthorized
        self.retry_after = retry_after

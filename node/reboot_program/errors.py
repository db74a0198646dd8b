"""What the cloud's calls raise; apart from `cloud`, so that deciding and testing need no openstacksdk."""

from __future__ import annotations


class CloudCallError(RuntimeError):
    """Raised when a call does not do what it should.

    Attributes:
        passes: another try may do.
        unauthorized: the credential was refused; it may have been rotated meanwhile.
        retry_after: seconds that the server asks for, None if it does not say.
    """

    def __init__(
        self, what: str, *, passes: bool, unauthorized: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.passes = passes
        self.unauthorized = unauthorized
        self.retry_after = retry_after

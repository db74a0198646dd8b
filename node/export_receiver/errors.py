"""Errors while receiving an archive."""


class ReceiveError(RuntimeError):
    """Raised when an archive is rejected; nothing was changed."""


class ReloadError(RuntimeError):
    """Raised when the NFS server did not reload its exports; the next run retries."""

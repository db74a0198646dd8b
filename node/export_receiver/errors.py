"""What goes wrong while an archive is taken."""


class ReceiveError(RuntimeError):
    """Raised for an archive that is not taken; nothing was changed."""


class ReloadError(RuntimeError):
    """Raised when the NFS server did not read its exports; the next run has it do so."""

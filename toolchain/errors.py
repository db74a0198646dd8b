"""What can go wrong with the toolchain. The command line shows it as its own ``ToolchainError``.

ToolchainError      pulumi, its language host or a plugin cannot be had
└── ReleaseError    the download site was of no use; there is still the build
"""


class ToolchainError(Exception):
    """Raised when a piece is missing and can be neither installed nor built.

    Args:
        what: what happened, one sentence.
        where: the piece, file or folder that it happened to.
        remedy: what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  → {self.remedy}" if self.remedy else head


class ReleaseError(ToolchainError):
    """Raised when a released piece cannot be installed although its download site answered."""

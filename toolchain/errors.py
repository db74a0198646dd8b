"""The shape of every error that this project raises on purpose, and those of the toolchain, which everything stands on.

ApplianceError              what happened, where, what to do; ends the command with its exit status
└── ToolchainError          something that the project runs on cannot be had
    ├── BootstrapError      a Python environment cannot be made (bootstrap.py)
    └── ReleaseError        the download site was of no use; there is still the build
"""

from toolchain.terminal import printable


class ApplianceError(Exception):
    """Raised when a command cannot do its work for a reason that the user can act on.

    Args:
        what: what happened, one sentence.
        where: the config path, node, file or resource that it happened to.
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
        shown = [f"  │ {line}" for line in printable(self.evidence).splitlines()]
        # The cloud, a node or a command may have said it.
        return printable("\n".join([head, *shown, *([f"  → {self.remedy}"] if self.remedy else [])]))


class ToolchainError(ApplianceError):
    """Raised when a piece is missing and can be neither installed nor built: pulumi, its language host, a plugin."""


class ReleaseError(ToolchainError):
    """Raised when a released piece cannot be installed although its download site answered."""

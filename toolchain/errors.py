"""The base class of the errors that this project raises on purpose, and the toolchain's errors.

ApplianceError              what happened, where, what to do; ends the command with its exit status
└── ToolchainError          a tool that the project needs is unavailable
    ├── PackageInstallError Debian packages cannot be installed (apt.py)
    ├── BootstrapError      a Python environment cannot be created (bootstrap.py)
    └── ReleaseError        the download failed; building from source is the fallback
"""

from toolchain.terminal import printable


class ApplianceError(Exception):
    """Raised when a command fails for a reason that the user can act on.

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
        # The text may come from the cloud, a node or a command.
        return printable("\n".join([head, *shown, *([f"  → {self.remedy}"] if self.remedy else [])]))


class ToolchainError(ApplianceError):
    """Raised when pulumi, its language host or a plugin is missing and can be neither installed nor built."""


class ReleaseError(ToolchainError):
    """Raised when a released piece cannot be installed although its download site responded."""

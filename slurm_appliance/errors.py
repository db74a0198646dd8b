"""Everything that goes wrong on purpose.

ApplianceError                  what happened, where, what to do; ends the command with its exit status
├── ConfigError (ValueError)    the configuration has mistakes; carries all of them
├── ToolchainError              pulumi or one of its plugins cannot be had
├── CheckError                  a gate or a test tier did not pass; what it printed says why
└── UsageError (ValueError)     arguments that do not go together
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ApplianceError(Exception):
    """Raised when a command cannot do its work for a reason that the user can act on.

    Args:
        what: what happened, one sentence.
        where: the config path, node, file or resource that it happened to.
        remedy: what to do about it.
    """

    #: The command's exit status.
    exit_status = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  → {self.remedy}" if self.remedy else head


@dataclass(frozen=True)
class Problem:
    """One mistake in the configuration.

    Attributes:
        path: where, as an operator writes it: ``compute.general.flavor``, ``cluster_networks[0].subnet``.
        what: what is wrong with the value, the value itself included unless it may be a secret.
        remedy: what is allowed there, or what was probably meant.
    """

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}\n  → {self.remedy}"


class ConfigError(ApplianceError, ValueError):
    """Raised when a configuration has mistakes: all that can be found at once, before anything is created."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = f"{len(self.problems)} mistake{'s' if len(self.problems) != 1 else ''}"
        super().__init__(f"the configuration has {count}; nothing was changed", where=source)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


class ToolchainError(ApplianceError):
    """Raised when pulumi, its Python language host or a plugin is missing and cannot be installed or built."""


class CheckError(ApplianceError):
    """Raised when a gate or a tier of tests did not pass."""


class UsageError(ApplianceError, ValueError):
    """Raised for command-line arguments that cannot be combined, or that name something that does not exist."""

    exit_status = 2

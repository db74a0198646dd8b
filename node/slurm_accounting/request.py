"""The request about accounting on standard input, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

#: The default account.
DEFAULT_ACCOUNT = "users"


class AdminLevel(str, Enum):
    """A user's rights in Slurm, in sacctmgr's terms."""

    NONE = "None"
    ADMINISTRATOR = "Administrator"


class FormerJobs(str, Enum):
    """What to do with jobs of a user removed from the configuration."""

    KEEP = "keep_jobs"
    CANCEL = "cancel"


@dataclass(frozen=True)
class RequestedAccount:
    """An account.

    Attributes:
        parent: its parent account.
        options: as ``sacctmgr modify account set`` takes them.
    """

    name: str
    parent: str = "root"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountingUser:
    """A user.

    Attributes:
        accounts: accounts that the user may charge; the first is the default.
    """

    name: str
    accounts: tuple[str, ...] = (DEFAULT_ACCOUNT,)
    level: AdminLevel = AdminLevel.NONE


@dataclass(frozen=True)
class AccountingRequest:
    """The request.

    Attributes:
        qos: options of each QOS, by name.
        former: users removed from the configuration.
    """

    cluster: str
    control_host: str
    auth_type: str = "munge"
    qos: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    accounts: tuple[RequestedAccount, ...] = ()
    users: tuple[AccountingUser, ...] = ()
    former: tuple[str, ...] = ()
    former_jobs: FormerJobs = FormerJobs.KEEP
    accounting: bool = True

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> AccountingRequest:
        """Create it from JSON.

        Raises:
            KeyError, TypeError, ValueError: the JSON is not a valid request.
        """
        own = {name: dict(settings) for name, settings in (document.get("accounts") or {}).items()}
        users = []
        for name, settings in sorted((document.get("users") or {}).items()):
            level = AdminLevel.ADMINISTRATOR if settings.get("slurm_admin") else AdminLevel.NONE
            users.append(AccountingUser(name, tuple(settings.get("slurm_accounts") or ()) or (DEFAULT_ACCOUNT,), level))
        own.setdefault(DEFAULT_ACCOUNT, {})
        return cls(
            cluster=str(document["cluster"]).lower(),
            control_host=str(document["control_host"]),
            auth_type=str(document.get("auth_type", "munge")),
            qos={name: dict(settings.get("options") or {}) for name, settings in (document.get("qos") or {}).items()},
            accounts=tuple(
                RequestedAccount(name, str(settings.get("parent") or "root"), dict(settings.get("options") or {}))
                for name, settings in sorted(own.items())
            ),
            users=tuple(users),
            former=tuple(document.get("former") or ()),
            former_jobs=FormerJobs(document.get("former_jobs", FormerJobs.KEEP.value)),
            accounting=bool(document.get("accounting", True)),
        )

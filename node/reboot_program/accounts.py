"""The users that communicate here, by name."""

from __future__ import annotations

import pwd


class AccountError(RuntimeError):
    """Raised for a user that does not exist."""


def uid_of(name: str) -> int:
    """A user's uid.

    Raises:
        AccountError: the user does not exist.
    """
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise AccountError(f"there is no user {name}: run site.yml") from error

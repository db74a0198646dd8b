"""The users that talk to each other here, by name."""

from __future__ import annotations

import pwd


class AccountError(RuntimeError):
    """Raised for a user that does not exist."""


def uid_of(name: str) -> int:
    """A user's uid.

    Raises:
        AccountError: there is no such user.
    """
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise AccountError(f"there is no user {name}: run site.yml") from error

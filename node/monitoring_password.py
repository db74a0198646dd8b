#!/usr/bin/python3 -I
"""Prints Prometheus's settings of users: ``monitoring_password.py FILE USER``, with the password on stdin.

Each hash has a random salt, so the hash in the file is kept while user and password stay the same. The program calls
the C library's crypt directly, because Python 3.13 has no module for it.
"""

from __future__ import annotations

import ctypes
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

#: bcrypt with 2^10 rounds; Prometheus accepts no other hash.
_KIND = "$2b$10$"
#: Letters of bcrypt's salt. The last of its 22 letters has only two bits: one of ``.Oeu``.
_LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def main(arguments: Sequence[str]) -> int:
    """Read the former settings and print the new ones."""
    path, user = Path(arguments[0]), arguments[1]
    password = sys.stdin.read().rstrip("\n")
    print(settings(path.read_text() if path.exists() else "", user, password), end="")
    return 0


def settings(former: str, user: str, password: str) -> str:
    """The settings; the former ones if they already accept this user with this password."""
    known = former.rpartition(": ")[2].strip()
    if known and former == _text(user, known) and crypt(password, known) == known:
        return former
    salt = "".join(secrets.choice(_LETTERS) for _ in range(21)) + secrets.choice(".Oeu")
    return _text(user, crypt(password, _KIND + salt))


def crypt(password: str, setting: str) -> str:
    """The hash of a password by crypt(3); empty if crypt(3) does not know the setting.

    Raises:
        OSError: the C library's crypt is missing.
    """
    function = _library().crypt
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_char_p], ctypes.c_char_p
    found = function(password.encode(), setting.encode()) or b"*"
    return "" if found.startswith(b"*") else str(found.decode())


def _library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcrypt.so.1")  # Debian's.
    except OSError:
        return ctypes.CDLL("libcrypt.so.2")  # Red Hat's.


def _text(user: str, known: str) -> str:
    return f"basic_auth_users:\n  {user}: {known}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

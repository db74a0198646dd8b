#!/usr/bin/python3 -I
"""Writes who may see the pages of Prometheus: ``monitoring_password.py FILE USER GROUP``, the password on stdin.

A hash has a salt of its own: a new one is made only when the password or the user is another. The C library's crypt is
called by itself, since Python has no module for it any more (3.13). Prints "changed" when it wrote.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

#: bcrypt, which is all that Prometheus takes, with 2^10 rounds.
_KIND = "$2b$10$"
#: Letters of bcrypt's salt. The last one of 22 holds two bits only: one of ``.Oeu``.
_LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MODE = 0o640


def main(arguments: Sequence[str]) -> int:
    """Write the file if it has to be written."""
    path, user, group = Path(arguments[0]), arguments[1], arguments[2]
    word = sys.stdin.read().rstrip("\n")
    there = path.read_text() if path.exists() else ""
    text = settings(there, user, word)
    if text != there:
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
        shutil.chown(fresh, group=group)
        fresh.chmod(_MODE)
        fresh.replace(path)
        print("changed")
    return 0


def settings(there: str, user: str, word: str) -> str:
    """The text of the file: the one that is there, where it lets in this user with this password."""
    known = there.rpartition(": ")[2].strip()
    if known and there == _text(user, known) and crypt(word, known) == known:
        return there
    salt = "".join(secrets.choice(_LETTERS) for _ in range(21)) + secrets.choice(".Oeu")
    return _text(user, crypt(word, _KIND + salt))


def crypt(word: str, setting: str) -> str:
    """What crypt(3) makes of a password; empty for a setting that it does not know.

    Raises:
        OSError: the library is not there.
    """
    function = _library().crypt
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_char_p], ctypes.c_char_p
    found = function(word.encode(), setting.encode()) or b"*"
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

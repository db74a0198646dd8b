"""IDs for users' user namespaces: ``/etc/subuid`` and ``/etc/subgid``, filled like ``useradd`` does."""

from __future__ import annotations

_FIRST, _COUNT, _LAST = 100_000, 65_536, 2**32 - 2


class SubordinateIds:
    """One of the two files, as text; on a system without such IDs it is empty and stays empty."""

    def __init__(self, text: str) -> None:
        self.text = text if not text or text.endswith("\n") else f"{text}\n"
        rows = [row for row in (line.split(":") for line in text.splitlines()) if len(row) == 3]
        self._owners = {row[0] for row in rows}
        self._next = max([_FIRST, *(int(row[1]) + int(row[2]) for row in rows)])

    def give(self, name: str) -> None:
        """Give a user a range, unless it has one or no range is left."""
        if not self.text or name in self._owners or self._next + _COUNT - 1 > _LAST:
            return
        self.text += f"{name}:{self._next}:{_COUNT}\n"
        self._owners.add(name)
        self._next += _COUNT

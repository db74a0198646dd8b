"""An image's own accounts: names and IDs that the cluster's users cannot have. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accounts:
    """Users and groups of an image.

    Attributes:
        users: uid by name.
        groups: gid by name.
    """

    users: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Accounts":
        """Parse the list in an image's record: lines such as ``user debian 1000``.

        Raises:
            ValueError: a line is malformed.
        """
        found: dict[str, dict[str, int]] = {"user": {}, "group": {}}
        for line in text.splitlines():
            kind, name, number = line.split()
            if kind not in found:
                raise ValueError(f"neither a user nor a group: {line}")
            found[kind][name] = int(number)
        return cls(found["user"], found["group"])

    def text(self) -> str:
        """The list as text, sorted."""
        users = [f"user {name} {uid}" for name, uid in sorted(self.users.items())]
        return "\n".join([*users, *(f"group {name} {gid}" for name, gid in sorted(self.groups.items()))])

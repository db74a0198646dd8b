"""What stands here for a setting of the reference appliance, or what to do where nothing does."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

_TABLE = Path(__file__).with_name("reference_settings.yml")


@dataclass(frozen=True)
class ReferenceSetting:
    """What is known of a name.

    Attributes:
        name: as the table has it; may end with ``*``.
        ours: path of the setting here; empty where there is none.
        note: what is different, or what to do instead.
    """

    name: str
    ours: str
    note: str

    @property
    def advice(self) -> str:
        """The same in a sentence."""
        if not self.ours:
            return self.note
        return f"here it is {self.ours}" + (f": {self.note}" if self.note else "")


@cache
def table() -> tuple[ReferenceSetting, ...]:
    """All that is known, the most exact names first."""
    document = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    known = [ReferenceSetting(name, entry.get("ours", ""), entry.get("note", "")) for name, entry in document.items()]
    return tuple(sorted(known, key=lambda entry: (entry.name.endswith("*"), -len(entry.name), entry.name)))


def reference_setting(name: str) -> ReferenceSetting | None:
    """What is known of a name; None where it is none of the reference appliance's."""
    return next((entry for entry in table() if fnmatchcase(name, entry.name)), None)

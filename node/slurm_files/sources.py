"""Finds the setting in the stack file that a line of Slurm's files comes from. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .conf import Line

#: The file in a candidate folder with the stack file's settings. Not a Slurm file.
FILE = "sources.json"
#: Prefix of the node features with the compute group.
_GROUP = "nodegroup_"
#: Option of the file → setting, for options with their own settings.
_NODE_WORDS = {"features": "features", "feature": "features", "gres": "gres", "realmemory": "memory_mb"}
_PARTITION_WORDS = {"nodes": "groups", "default": "default", "maxtime": "max_time", "state": "state"}
_FILES = {
    "cgroup.conf": "slurm.cgroup",
    "gres.conf": "slurm.nodegroups",
    "slurmdbd.conf": "slurm.slurmdbd_options",
}


@dataclass(frozen=True)
class Sources:
    """The stack file's settings for Slurm.

    Attributes:
        options: names in ``slurm.options``.
        partitions: names in ``slurm.partitions``; without any, there is one partition over all groups.
        nodegroups: names in ``slurm.nodegroups``.
        managed: options derived from other settings: the setting by the option's name in lower case.
    """

    options: Collection[str] = ()
    partitions: Collection[str] = ()
    nodegroups: Collection[str] = ()
    managed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Sources:
        """Read the sources written by the renderer."""
        document = json.loads(text or "{}")
        return cls(
            tuple(document.get("options", ())),
            tuple(document.get("partitions", ())),
            tuple(document.get("nodegroups", ())),
            {str(name).lower(): str(setting) for name, setting in document.get("managed", {}).items()},
        )

    def setting(self, line: Line, word: str = "") -> str:
        """The setting that a line comes from.

        Args:
            line: a line of one of the files.
            word: the option in question, if the line is a record of several.
        """
        kind = line.option.lower()
        if kind == "partitionname":
            return self._partition(line, word)
        if kind in ("nodename", "nodeset", "name") and line.file in ("slurm.conf", "gres.conf"):
            return self._nodes(line, word)
        if line.file != "slurm.conf":
            base = _FILES.get(line.file, f"slurm.files.{line.file}")
            return f"{base}.{line.option}" if line.file in ("cgroup.conf", "slurmdbd.conf") else base
        own = next((name for name in self.options if name.lower() == kind), None)
        if own is not None:
            return f"slurm.options.{own}"
        if kind in self.managed:
            return f"{self.managed[kind]} (it sets {line.option})"
        return f"slurm.options.{line.option} (not set: this is the appliance's default)"

    def _partition(self, line: Line, word: str) -> str:
        if line.value not in self.partitions:
            return "slurm.partitions (not set: there is one partition over all compute groups)"
        return _member(f"slurm.partitions.{line.value}", word, _PARTITION_WORDS)

    def _nodes(self, line: Line, word: str) -> str:
        features = (line.get("Features") or line.get("Feature") or "").split(",")
        group = next((each[len(_GROUP) :] for each in features if each.startswith(_GROUP)), "")
        if not group:
            return "slurm.nodegroups" if line.file == "gres.conf" else "compute"
        # Ansible does not allow hyphens in group names.
        group = next((name for name in self.nodegroups if name.replace("-", "_") == group), group)
        if group not in self.nodegroups or (word and word.lower() in ("nodename", "cpus")):
            return f"compute.{group}"
        return _member(f"slurm.nodegroups.{group}", word, _NODE_WORDS)

    @staticmethod
    def of_missing(name: str) -> str:
        """The setting for a file that Slurm does not find."""
        return f"slurm.files.{name} (not set)" if name.endswith((".conf", ".yaml", ".lua")) else ""


def _member(path: str, word: str, words: Mapping[str, str]) -> str:
    if not word:
        return path
    own = words.get(word.lower())
    return f"{path}.{own}" if own else f"{path}.options.{word}"

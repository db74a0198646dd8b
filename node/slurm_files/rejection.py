"""Explains why Slurm rejects its files: its message, the line, and the setting that the line comes from. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .conf import Line, all_lines, without_secrets
from .log import objections
from .sources import Sources

_LONGEST_LINE = 120


@dataclass(frozen=True)
class Rejection:
    """Why the files were rejected.

    Attributes:
        daemon: the daemon that rejected them.
        message: the daemon's message.
        file: name of the file; empty if unknown.
        line: number of the line, or 0.
        text: the line.
        setting: its setting in the stack file, or the setting that it is derived from; empty if unknown.
    """

    daemon: str
    message: str
    file: str = ""
    line: int = 0
    text: str = ""
    setting: str = ""

    def sentence(self) -> str:
        """The complete message for an operator."""
        where = f" {self.file}" if self.file else " its files"
        where += f", line {self.line}" if self.line else ""
        parts = [f"{self.daemon} rejects{where}: {self.message}"]
        if self.setting:
            parts.append(f"The setting is {self.setting}")
        if self.text:
            shown = self.text if len(self.text) <= _LONGEST_LINE else self.text[:_LONGEST_LINE] + " ..."
            parts.append(f"The line is: {shown}")
        return ". ".join(parts)


def rejection(daemon: str, log: Sequence[str], files: Mapping[str, str], sources: Sources) -> Rejection | None:
    """The rejection in a daemon's log; None if there is none.

    Args:
        daemon: slurmctld or slurmdbd.
        log: its lines.
        files: the files by name.
        sources: the sources of their lines.
    """
    said = objections(log)
    if not said:
        return None
    lines = all_lines(
        {name: text for name, text in files.items() if (name == "slurmdbd.conf") == (daemon == "slurmdbd")}
    )
    found = _locate(said, lines)
    message = "; ".join(_short(each, files) for each in said[:3])
    if found is None:
        return Rejection(daemon, message, setting=_missing_file(said, sources))
    line, word = found
    return Rejection(daemon, message, line.file, line.number, without_secrets(line.text), sources.setting(line, word))


def _short(text: str, files: Mapping[str, str]) -> str:
    """A message without folders, and without quotes from a file with a password."""
    if "slurmdbd.conf" in text:
        text = re.sub(r'line (\d+): ".*"', r"line \1", text)
    for name in files:
        text = re.sub(rf"/\S*/{re.escape(name)}\b", name, text)
    return text


def _locate(said: Sequence[str], lines: Sequence[Line]) -> tuple[Line, str] | None:
    """The line and option that the messages refer to: by number, by option, by record, by value."""
    options = [found.group(1) for text in said for found in [_OPTION.search(text)] if found]
    for text in said:
        found = re.search(r'Parse error in file (\S+) line (\d+): "(.*)"', text)
        at = found and [line for line in lines if _is(line, found.group(1), int(found.group(2)))]
        if found and at:
            named = next((word for word in options if at[0].get(word) is not None), "")
            return at[0], named or _before(at[0], found.group(3))
    for word in options:
        for line in lines:
            if not line.is_record and line.option.lower() == word.lower():
                return line, word
    for text in said:
        about = _record(text, lines) or _by_name(text, lines) or _by_value(text, lines)
        if about:
            return about, ""
    return None


#: Patterns of an unreadable option.
_OPTION = re.compile(r"(?:unrecognized key: |^(?=\w+ value )|^(?=\w+ invalid: ))(\w+)")


def _before(line: Line, rest: str) -> str:
    """The option before the position where Slurm's parser failed."""
    names: list[str] = re.findall(r"(\w+)\s*=", line.text[: line.text.rfind(rest)] if rest in line.text else "")
    return names[-1] if names and line.is_record else ""


def _is(line: Line, path: str, number: int) -> bool:
    return line.number == number and path.rpartition("/")[2] == line.file


def _record(text: str, lines: Sequence[Line]) -> Line | None:
    """A partition or a node named in the message with its kind."""
    for pattern, option in (
        (r"(?i)partition (?:name )?\"?([\w.-]+)", "partitionname"),
        (r"NodeName (\S+)", "nodename"),
    ):
        found = re.search(pattern, text)
        for line in lines if found else ():
            names = line.value.split(",")
            if found and line.option.lower() == option and found.group(1) in names:
                return line
    return None


def _by_name(text: str, lines: Sequence[Line]) -> Line | None:
    """An option whose name is in the message: ``PreemptMode=SUSPEND requires GANG too``."""
    words = {word.lower() for word in re.findall(r"[A-Za-z]\w{3,}", text)}
    return next((line for line in lines if not line.is_record and line.option.lower() in words), None)


def _by_value(text: str, lines: Sequence[Line]) -> Line | None:
    """An option whose value is in the message: ``Can't find plugin for select/foo``."""
    for plugin in re.findall(r"\b([a-z_]+/[\w-]+)", text):
        kind, _, name = plugin.partition("/")
        for line in lines:
            values = re.split(r"[,\s]", line.value)
            alike = line.option.lower().startswith(kind.replace("_", ""))
            if not line.is_record and (plugin in values or (alike and name in values)):
                return line
    return None


def _missing_file(said: Sequence[str], sources: Sources) -> str:
    for text in said:
        found = re.search(r"([\w.-]+\.(?:conf|yaml|lua))\b", text)
        if found:
            return sources.of_missing(found.group(1))
    return ""

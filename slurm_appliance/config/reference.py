"""Writes the table of all settings for docs/configuration.md."""

import json
from collections.abc import Iterator

from slurm_appliance.config.catalog import Setting, default_of, settings
from slurm_appliance.config.cluster import CHAPTERS
from slurm_appliance.config.show import plain_value

#: The lines between which the table stands in the page.
BEGIN = "<!-- Written by: ./slurm-appliance schema --form reference. Do not edit up to the end mark. -->"
END = "<!-- End of the reference. -->"


def reference() -> str:
    """A section for each chapter, in Markdown; settings that several sections share are explained once."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    explained: dict[tuple[str, str], str] = {}
    for chapter in CHAPTERS:
        title, _, rest = (chapter.__doc__ or "").partition(". ")
        yield f"### {title.rstrip('.')}"
        yield ""
        if rest:
            yield rest
            yield ""
        yield "| setting | value | default | a change | meaning |"
        yield "|---|---|---|---|---|"
        for setting in settings():
            if setting.chapter is chapter:
                yield from _row(setting, explained)
        yield ""


def _row(setting: Setting, explained: dict[tuple[str, str], str]) -> Iterator[str]:
    key = (setting.location[-1], setting.description)
    first = explained.setdefault(key, setting.path)
    if first != setting.path:
        # Listed without its explanation only where it stands directly in a group; the rest follows from that.
        if len(setting.location) <= _GROUP_DEPTH:
            yield f"| `{setting.path}` | | | {setting.policy} | as `{first}` |"
        return
    kind = _cell(setting.type_text)
    yield f"| `{setting.path}` | {kind} | {default_text(setting)} | {setting.policy} | {_cell(setting.description)} |"


_GROUP_DEPTH = 3


def default_text(setting: Setting) -> str:
    """The default as it stands in the table."""
    if setting.field.is_required():
        return "required"
    default = plain_value(default_of(setting.field))
    if default is None or setting.shape.section is not None:
        return ""
    return f"`{_cell(json.dumps(default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

"""Turns whatever a configuration was read from into the values that Pulumi would hand to the program.

Pulumi gives a program each top-level setting as text, mappings and lists as JSON. Reading a file here follows the same
rules, so that a file that passes here passes there, and the other way round.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from slurm_appliance.config.paths import Location, render
from slurm_appliance.config.secret import Encrypted
from slurm_appliance.errors import Problem


class Unreadable:
    """Stands where a value was that has been reported already."""


#: The only one.
UNREADABLE = Unreadable()

#: Deeper than any setting lies; guards against values that contain themselves.
DEEPEST = 30

#: Beyond all numbers that settings have; Python refuses to write integers of thousands of digits.
LARGEST = 10**18


def plain(value: object, at: Location, problems: list[Problem]) -> Any:
    """The value made of mappings with text keys, lists, texts, numbers, true, false, None and encrypted values.

    What cannot be said so is reported, and UNREADABLE stands in its place.
    """
    if len(at) > DEEPEST:
        problems.append(Problem(render(at[:4]), "is nested too deeply", "no setting lies so deep"))
        return UNREADABLE
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(value.get("secure"), str):
            return Encrypted(value["secure"])
        return {
            key_text(key): plain(entry, (*at, key_text(key)), problems)
            for key, entry in value.items()
            if _is_key(key, at, problems)
        }
    if isinstance(value, list | tuple):
        return [plain(entry, (*at, index), problems) for index, entry in enumerate(value)]
    if isinstance(value, int | float) and not -LARGEST < value < LARGEST:
        problems.append(Problem(render(at), "is not a number that a setting can have", "write a smaller number"))
        return UNREADABLE
    if isinstance(value, str) and not _is_unicode(value):
        problems.append(Problem(render(at), "has characters that no file can hold", "write it in plain Unicode"))
        return UNREADABLE
    if value is None or isinstance(value, str | int | float | Encrypted | Unreadable):
        return value
    problems.append(Problem(render(at), f"a {type(value).__name__} is no value of a setting", "write it as text"))
    return UNREADABLE


def key_text(key: object) -> str:
    """A mapping's key as Pulumi turns it into text."""
    return key if isinstance(key, str) else json.dumps(key)


def _is_key(key: object, at: Location, problems: list[Problem]) -> bool:
    if (isinstance(key, str) and _is_unicode(key)) or (isinstance(key, int) and abs(key) < LARGEST):
        return True
    problems.append(
        Problem(
            render(at) or "(top)",
            f"a key in it is no text that a file can hold ({type(key).__name__})",
            "keys are names of settings, groups, networks, ...",
        )
    )
    return False


def _is_unicode(text: str) -> bool:
    """Whether it has no lone surrogates, which escapes in JSON and YAML can make."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def top_level_text(value: object) -> object:
    """A top-level number or truth value as Pulumi turns it into text; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST else repr(value)
    return value


def decoded(text: str, at: Location, problems: list[Problem]) -> Any:
    """What a top-level text stands for, where the setting is a mapping or a list: JSON, if it looks like it."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return plain(json.loads(text, parse_constant=_refuse), at, problems)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not JSON, or nested too deeply"
        problems.append(Problem(render(at), f"the text in it is not valid JSON ({reason})", "write it as YAML instead"))
        return UNREADABLE


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)

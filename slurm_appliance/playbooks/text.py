"""What Ansible renders, and what it takes as it is, in the files that are written for it.

The type decides: only a `Template` is rendered. Every other text, wherever it comes from, is tagged ``!unsafe`` where
Ansible could take it for a template, so that a new variable is safe without anybody thinking of it.

Standard library only: ``slurm_appliance.secrets`` starts often.
"""

import json
from collections.abc import Mapping
from typing import Any

from node.ansible_init.unsafe import may_become_a_template


class Template(str):
    """Text of ours that Ansible is to render; what comes from outside goes into it by `literal`."""

    __slots__ = ()


#: A brace, for Jinja; the double quotes stay as they are in what ``shlex`` quotes.
_BRACE = '{{ "{" }}'


def literal(text: str) -> str:
    """A text for the inside of a template, where it is rendered to itself."""
    return text.replace("{", _BRACE)


def rendered(template: str, name: str, value: str) -> str:
    """What Ansible makes of a template with one variable and texts of `literal`."""
    return value.join(part.replace(_BRACE, "{") for part in template.split(f"{{{{ {name} }}}}"))


def is_unsafe(text: str) -> bool:
    """Whether a text has to be tagged."""
    return may_become_a_template(text) and not isinstance(text, Template)


def yaml_value(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, str):
        return f"{'!unsafe ' if is_unsafe(value) else ''}{_quoted(value)}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_quoted(str(key))}: {yaml_value(each)}' for key, each in sorted(value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_value, value))}]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    """YAML's double quotes, in ASCII: unlike JSON, YAML has characters above 16 bits in one escape."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if " " <= each <= "~" else f"\\U{ord(each):08x}" for each in quoted)

"""What Ansible renders, and what it takes literally, in the files written for it.

The type decides: only a `Template` is rendered. All other text, from any source, is tagged ``!unsafe`` if Ansible could
take it for a template, so that new variables are safe by default.

Standard library only: ``slurm_appliance.secrets`` starts often.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from node.ansible_init.unsafe import may_become_a_template


class Template(str):
    """Our own text that Ansible renders; text from outside is inserted with `literal`."""

    __slots__ = ()


#: A brace, for Jinja; ``shlex`` does not change double quotes inside its quotes.
_BRACE = '{{ "{" }}'


def literal(text: str) -> str:
    """A text for use inside a template that renders to itself."""
    return text.replace("{", _BRACE)


def rendered(template: str, values: Mapping[str, str]) -> str:
    """Render a template with some expressions and texts from `literal`, like Ansible.

    Args:
        template: the template.
        values: the values of its expressions.
    """
    known = {_BRACE: "{", **{f"{{{{ {expression} }}}}": value for expression, value in values.items()}}
    return re.sub("|".join(map(re.escape, known)), lambda found: known[found[0]], template)


def is_unsafe(text: str) -> bool:
    """Whether a text must be tagged."""
    return may_become_a_template(text) and not isinstance(text, Template)


def yaml_value(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, str):
        return f"{'!unsafe ' if is_unsafe(value) else ''}{_quoted(value)}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_quoted(str(key))}: {yaml_value(each)}' for key, each in sorted(value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_value, value))}]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    """A YAML double-quoted string in ASCII: unlike JSON, YAML has one escape for characters above 16 bits."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if " " <= each <= "~" else f"\\U{ord(each):08x}" for each in quoted)

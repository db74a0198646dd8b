"""Passes text from outside to Ansible unchanged: Ansible renders every variable that looks like a template.

Text from the cloud, a node or a person is data. Ansible does not render text marked with ``__ansible_unsafe`` in JSON
(``!unsafe`` in YAML), nor anything derived from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The JSON key that marks a text.
MARK = "__ansible_unsafe"


def may_become_a_template(text: str) -> bool:
    """Whether a text may be a template for Ansible, alone or after another text that ends with a brace."""
    return "{" in text


def unsafe(value: Any) -> Any:
    """A JSON value in which every text that could be a template is marked."""
    if isinstance(value, str):
        return {MARK: value} if may_become_a_template(value) else value
    if isinstance(value, Mapping):
        return {key: unsafe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [unsafe(each) for each in value]
    return value

"""Text from outside, handed to Ansible as it is: Ansible renders every text of a variable that looks like a template.

What the cloud, a node or a person says is data. Ansible takes a text marked ``__ansible_unsafe`` in JSON, which is
``!unsafe`` in YAML, for what it is, and so everything that is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What marks a text in JSON.
MARK = "__ansible_unsafe"


def may_become_a_template(text: str) -> bool:
    """Whether a text is a template for Ansible, alone or behind another that ends with a brace."""
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

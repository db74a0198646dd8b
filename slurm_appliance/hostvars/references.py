"""Finds the variables that a value references.

Values reach the nodes as in the inventory, with unresolved templates, so that they mean the same as in ``site.yml``,
including facts. So referenced variables are included as well, and what cannot be included is rejected.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from node.ansible_init.unsafe import MARK

if TYPE_CHECKING:
    from jinja2 import Environment

#: Undefined or different on a node that sees only its own variables.
_NOT_ON_A_NODE = frozenset(
    {"hostvars", "groups", "play_hosts", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_batch"}
)
#: Calls that read from the machine that Ansible runs on.
_LOOKUPS = frozenset({"lookup", "query", "q"})


class _AnyName(dict[str, Any]):
    """Replaces Ansible's filters and tests: accepts every name; none is called here."""

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - dict's signature
        return str


@cache
def _jinja() -> "Environment":
    # Imported on use: the Pulumi program imports this module and needs no template.
    from jinja2 import Environment

    parser = Environment(autoescape=False)  # noqa: S701 - only parsed here, never rendered
    parser.filters = parser.tests = _AnyName()
    return parser


def references(value: Any) -> frozenset[str]:
    """The names that a value's templates reference.

    Raises:
        ValueError: it would not mean the same on a node as on the deploy host; the message says why.
    """
    if isinstance(value, str):
        return _references_of_text(value) if "{{" in value or "{%" in value else frozenset()
    if isinstance(value, Mapping):
        if "__ansible_vault" in value:
            raise ValueError(
                "is encrypted with ansible-vault, which nodes cannot read: store it as a secret of the stack"
            )
        if MARK in value:
            # It keeps its mark in the bundle, so the node's Ansible does not render it either.
            return frozenset()
        return frozenset().union(*(references(each) for pair in value.items() for each in pair))
    if isinstance(value, list):
        return frozenset().union(*map(references, value))
    return frozenset()


def plain(value: Any) -> Any:
    """A value without Ansible's mark on its texts."""
    if isinstance(value, Mapping):
        return value[MARK] if set(value) == {MARK} else {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


# The value of a group is the same for each of its nodes.
@lru_cache(maxsize=65536)
def _references_of_text(text: str) -> frozenset[str]:
    names, calls = looked_up(text)
    if names & _NOT_ON_A_NODE:
        missing = ", ".join(sorted(names & _NOT_ON_A_NODE))
        raise ValueError(f"references {missing}, which is not available on nodes: resolve it in the inventory")
    if calls & _LOOKUPS:
        used = ", ".join(f"{name}()" for name in sorted(calls & _LOOKUPS))
        raise ValueError(f"uses {used}, which would be evaluated on the node: resolve it in the inventory")
    return names


def looked_up(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a template references, and the functions that it calls.

    Raises:
        ValueError: it is not a valid template.
    """
    from jinja2 import TemplateSyntaxError, meta, nodes

    try:
        tree = _jinja().parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"is not a valid Jinja template: {error}") from error
    calls = (call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name))
    return frozenset(meta.find_undeclared_variables(tree)), frozenset(calls)

"""Templates with ``${name}`` placeholders, as the reference appliance's users write them."""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

#: What a template for node names may refer to.
NODE_NAME_VARIABLES = frozenset({"node", "cluster_name", "cluster_domain_suffix", "environment_name"})


def placeholders(text: str) -> frozenset[str]:
    """The names between ``${`` and ``}``."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, variables: Mapping[str, str]) -> str:
    """The text with each placeholder that has a value replaced by it; ``$${`` stands for ``${`` itself."""
    pieces = text.split("$${")
    filled = [_PLACEHOLDER.sub(lambda match: variables.get(match[1], match[0]), piece) for piece in pieces]
    return "${".join(filled)


def is_node_name_template(text: str) -> bool:
    """Whether every node gets a name of its own from it: a domain name with ``${node}`` in the first label."""
    names = placeholders(text)
    if "node" not in names or not names <= NODE_NAME_VARIABLES:
        return False
    example = fill(text, dict.fromkeys(NODE_NAME_VARIABLES, "x"))
    first_label = text.partition(".")[0]
    return re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", example) is not None and "${node}" in first_label

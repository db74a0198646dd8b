"""Entries of ``compute_init_enable`` that roles of a site's own layer declare.

They are read before the layer is: a configuration may name them. What is wrong with a declaration, the layer says.
"""

from pathlib import Path

import yaml

#: Where layers are beside the folder of stack files: the shared one, and the folder of the environments' own.
SHARED, ENVIRONMENTS = "site", "environments"
#: The file in which a role declares what it needs on a node.
DECLARATION = Path("meta", "node_variables.yml")
#: Its setting with the entry.
_ENTRY = "compute_init"


def own_entries(stacks: Path, stack: str) -> frozenset[str]:
    """What the roles of a stack's layers declare, the appliance's own entries included.

    Args:
        stacks: the folder of stack files.
        stack: the stack's name.
    """
    above = stacks.resolve().parent
    # Of a role that both have, the environment's is used.
    roles = {
        role.name: role
        for folder in (above / SHARED, above / ENVIRONMENTS / stack)
        if folder != stacks.resolve()
        for role in sorted((folder / "roles").glob("*"))
    }
    found = (_entry(role / DECLARATION) for role in roles.values())
    return frozenset(entry for entry in found if entry is not None)


def _entry(declaration: Path) -> str | None:
    try:
        document = yaml.safe_load(declaration.read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None
    entry = document.get(_ENTRY) if isinstance(document, dict) else None
    return entry if isinstance(entry, str) else None

"""The types of our components. They are part of every URN: renaming one without an alias replaces what is inside."""

_PACKAGE = "slurm-appliance:index"


def token(name: str) -> str:
    """The type of a component: ``slurm-appliance:index:NodeGroup``."""
    return f"{_PACKAGE}:{name}"

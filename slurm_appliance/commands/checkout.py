"""Commands for developers, which need a checkout."""

from slurm_appliance.errors import UsageError
from toolchain.paths import REPOSITORY, is_checkout


def refuse_without_checkout(command: str) -> None:
    """Refuse a developer's command of an installed product.

    Raises:
        UsageError: the product's files are not a checkout.
    """
    if not is_checkout():
        raise UsageError(
            "an installed product has no tests and no sources to check",
            where=f"{command}: {REPOSITORY}",
            remedy="run it in a checkout: ./slurm-appliance " + command,
        )

"""Removes nftables tables of ours."""

import shutil
from collections.abc import Iterable

from localcloud.host.command import run
from localcloud.host.programs import SEARCH_PATH


def remove_tables(name: str, families: Iterable[str]) -> None:
    """Remove the tables of a name, and nothing else. Without nft there are none: the first cloud installs it.

    Raises:
        HostError: the kernel refuses.
    """
    if shutil.which("nft", path=SEARCH_PATH) is None:
        return
    # Add them first: deleting one that does not exist is an error.
    run(["nft", "--file", "-"], text="".join(f"table {each} {name}\ndelete table {each} {name}\n" for each in families))

"""A cloud whose packages could not be installed: `cloud reset` needs no nft to find that there are no tables."""

import os
import shutil
import subprocess
import sys

import pytest

from localcloud.host import programs
from toolchain.paths import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")

_REMOVE = "from localcloud.network import perimeter, ruleset; ruleset.remove(); perimeter.remove()"


@pytest.mark.parametrize("hidden", [False, True], ids=["with nft", "without"])
def test_there_is_no_table_to_remove(*, hidden: bool) -> None:
    found = shutil.which("nft", path=programs.SEARCH_PATH) if hidden else None
    cover = f"mount --bind /dev/null {found}; " if found else ""
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-ec", f'{cover}exec "$@"', "sh", sys.executable, "-c", _REMOVE],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

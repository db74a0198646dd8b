"""The template of the databases, whose maker is killed: what it leaves stands in nobody's way."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.control import host, process, schema
from localcloud.control.environment import make_environment
from localcloud.host.layout import CloudLayout, is_workshop
from tests.engine.cloud_fixtures import Cloud, wait_until
from toolchain.paths import REPOSITORY

_MAKER = "import sys; from pathlib import Path; from localcloud.control import schema; schema.make_template(Path({!r}))"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache; its path is short, because a socket is in it."""
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        yield Path(folder)


@pytest.mark.extended  # It makes the tables twice.
def test_a_maker_that_is_killed_leaves_nothing_in_the_way(
    cloud: Cloud, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    prefix = make_environment("cloud")
    request.getfixturevalue("cache")
    command = [sys.executable, "-c", _MAKER.format(str(prefix))]
    mine = CloudLayout(tmp_path / "of-another-cloud")
    with subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}) as maker:
        wait_until("its MariaDB", lambda: _left() != [], 60)
        maker.send_signal(signal.SIGKILL)
    assert _left() != []
    assert host.other(mine) == str(cloud.layout.root), "and no workshop"
    assert host.other(cloud.layout) is None

    schema.make_template(prefix)
    assert _left() == []
    template = schema.template_folder()
    assert {"keystone", "nova"} <= {path.name for path in template.iterdir()}
    assert [path.name for path in template.parent.iterdir() if path.is_dir()] == [template.name]


def _left() -> list[str]:
    """The folders of processes that make a template."""
    return [folder for _, folder in process.marked() if is_workshop(Path(folder))]

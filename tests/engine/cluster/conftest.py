"""Environments for tests: in a fake project, which answers at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.cluster.rig import Rig, furnish, use
from tests.fakes.project import FakeProject


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProject]:
    with FakeProject().serving() as made:
        furnish(made)
        use(made, tmp_path, monkeypatch)
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A cluster that is up, in a project and a folder of its own, for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("shared")
    with FakeProject().serving() as made, pytest.MonkeyPatch.context() as monkeypatch:
        furnish(made)
        use(made, folder, monkeypatch)
        rig = Rig(folder)
        rig.session()
        rig.written = rig.stack_file.read_text()
        rig.up()
        yield rig


@pytest.fixture
def rig(project: FakeProject, tmp_path: Path) -> Rig:  # noqa: ARG001 - it has to be there before
    return Rig(tmp_path)

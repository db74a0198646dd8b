from pathlib import Path

import pytest

from localcloud.errors import MachineError
from localcloud.virtual import folders


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose folders for libvirt are elsewhere."""
    found = {tmp_path / "machine" / name: name for name in folders.FOLDERS.values()}
    (tmp_path / "machine").mkdir()
    monkeypatch.setattr(folders, "FOLDERS", found)
    return tmp_path / "machine"


def test_links_come_and_go(machine: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    for _ in range(2):
        folders.link(own)
        assert len(folders.linked(own)) == len(folders.FOLDERS)
    assert (machine / "etc" / "qemu.conf").read_text() == folders.QEMU_CONF
    (own / "run" / "machine.pid").touch()
    folders.unlink(own)
    folders.unlink(own)
    assert not (own / "run").exists()
    assert list(machine.iterdir()) == []
    assert (own / "etc" / "qemu.conf").exists()


def test_a_libvirt_of_the_machine_s_own_is_left_alone(machine: Path, tmp_path: Path) -> None:
    (machine / "lib").mkdir()
    with pytest.raises(MachineError):
        folders.link(tmp_path / "own")
    folders.unlink(tmp_path / "own")
    assert [path.name for path in machine.iterdir()] == ["lib"]


def test_another_cloud_s_links_are_left_alone(machine: Path, tmp_path: Path) -> None:
    folders.link(tmp_path / "other")
    with pytest.raises(MachineError):
        folders.link(tmp_path / "own")
    folders.unlink(tmp_path / "own")
    assert len(folders.linked(tmp_path / "other")) == len(folders.FOLDERS)
    assert len(list(machine.iterdir())) == len(folders.FOLDERS)


@pytest.mark.usefixtures("machine")
def test_links_of_a_cloud_that_was_deleted_are_replaced(tmp_path: Path) -> None:
    for name, folder in zip(("gone", "own"), (tmp_path / "gone", tmp_path / "own"), strict=True):
        folders.link(folder)
        if name == "gone":
            folder.rename(tmp_path / "elsewhere")
    assert len(folders.linked(tmp_path / "own")) == len(folders.FOLDERS)

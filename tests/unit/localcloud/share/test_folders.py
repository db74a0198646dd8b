"""A share's folder and its note."""

from pathlib import Path

import pytest

from localcloud.host.command import HostError
from localcloud.share import folders


def share(tmp_path: Path, size: int = 1) -> Path:
    folder = tmp_path / "shares" / "share-1"
    folders.make(folder, size)
    return folder


def test_a_new_share_is_empty_and_nobody_may_mount_it(tmp_path: Path) -> None:
    folder = share(tmp_path, 5)
    assert list(folder.iterdir()) == []
    assert folders.note_of(folder) == {"size": 5, "clients": {}}


def test_a_share_that_is_made_again_keeps_what_is_on_it(tmp_path: Path) -> None:
    folder = share(tmp_path, 5)
    (folder / "data").write_text("kept")
    folders.admit(folder, [("10.0.0.0/24", "rw")])
    folders.make(folder, 1)
    assert (folder / "data").read_text() == "kept"
    assert folders.note_of(folder) == {"size": 5, "clients": {"10.0.0.0/24": "rw"}}


def test_the_size_changes_as_far_as_what_is_on_it_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "GIB", 4096)
    folder = share(tmp_path, 1)
    folders.resize(folder, 9)
    (folder / "data").write_bytes(b"x" * 4096 * 3)
    with pytest.raises(HostError):
        folders.resize(folder, 2)
    assert folders.note_of(folder)["size"] == 9
    folders.resize(folder, 3)
    assert folders.note_of(folder)["size"] == 3


def test_who_may_mount_it_is_the_last_that_was_said(tmp_path: Path) -> None:
    folder = share(tmp_path)
    folders.admit(folder, [("10.0.0.0/24", "rw"), ("10.1.0.0/24", "ro")])
    folders.admit(folder, [("10.1.0.0/24", "rw")])
    assert folders.note_of(folder)["clients"] == {"10.1.0.0/24": "rw"}


def test_a_removed_share_leaves_nothing_and_may_be_removed_again(tmp_path: Path) -> None:
    folder = share(tmp_path)
    (folder / "data").write_text("gone")
    folders.remove(folder)
    folders.remove(folder)
    assert list(folder.parent.iterdir()) == []

"""A volume's file and its note."""

from pathlib import Path

import pytest

from localcloud.host.command import HostError
from localcloud.volume import files


def volume(tmp_path: Path, size: int = 1 << 20) -> Path:
    file = tmp_path / "volumes" / "volume-1"
    files.make_sparse(file, size)
    return file


def blob(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "blob"
    file.write_bytes(content)
    return file


def test_an_empty_volume_takes_no_space(tmp_path: Path) -> None:
    file = volume(tmp_path, 5 * files.GIB)
    assert file.stat().st_size == 5 * files.GIB
    assert file.stat().st_blocks == 0


def test_volumes_grow_and_never_shrink(tmp_path: Path) -> None:
    file = volume(tmp_path, 1 << 20)
    files.grow(file, 1 << 21)
    files.grow(file, 1 << 19)
    assert file.stat().st_size == 1 << 21


def test_a_copy_has_the_content_and_the_note_and_stays_sparse(tmp_path: Path) -> None:
    file = volume(tmp_path, files.GIB)
    files.write_image(file, "image-1", blob(tmp_path, b"bytes of an image"))
    copy = file.with_name("volume-2")
    files.copy(file, copy)
    assert files.image_of(copy) == ("image-1", 17)
    assert copy.stat().st_size == files.GIB
    assert copy.stat().st_blocks < 100
    with copy.open("rb") as stream:
        assert stream.read(17) == b"bytes of an image"
    assert not list(tmp_path.rglob("*.part"))


def test_an_image_replaces_all_that_was_there(tmp_path: Path) -> None:
    file = volume(tmp_path)
    with file.open("r+b") as stream:
        stream.write(b"x" * 4096)
    files.write_image(file, "image-2", blob(tmp_path, b"new"))
    assert file.read_bytes() == b"new" + b"\0" * ((1 << 20) - 3)
    files.copy_start(file, tmp_path / "start", files.image_of(file)[1])
    assert (tmp_path / "start").read_bytes() == b"new"


def test_an_image_that_is_too_large_changes_nothing(tmp_path: Path) -> None:
    file = volume(tmp_path, 8)
    with file.open("r+b") as stream:
        stream.write(b"kept")
    with pytest.raises(HostError, match=r"image-3\b.*\b9\b.*\b8\b"):
        files.write_image(file, "image-3", blob(tmp_path, b"123456789"))
    assert file.read_bytes() == b"kept\0\0\0\0"


def test_a_volume_that_was_given_no_image_says_so(tmp_path: Path) -> None:
    file = volume(tmp_path)
    with pytest.raises(HostError) as refused:
        files.image_of(file)
    assert refused.value.where == file.name


def test_a_file_that_is_too_short_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="2 bytes"):
        files.copy_start(volume(tmp_path, 8), tmp_path / "start", 10)


def test_removing_takes_everything_and_what_is_gone_is_fine(tmp_path: Path) -> None:
    file = volume(tmp_path)
    files.write_image(file, "image-1", blob(tmp_path, b"x"))
    files.remove(file)
    files.remove(file)
    assert list(file.parent.iterdir()) == []

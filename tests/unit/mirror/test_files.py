import os
import stat
from pathlib import Path

import pytest

from mirror.files import make_folder, remove_tree, rotate, tail, write_atomically


def test_a_file_is_replaced_with_exactly_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    before = os.umask(0)
    try:
        write_atomically(file, "new", mode=0o640, group=os.getgid())
    finally:
        os.umask(before)
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_gets_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_folder(tmp_path / "a", mode=0o711, owner=os.getuid(), group=os.getgid())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o711
    remove_tree(tmp_path / "a")
    remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("content", "lines", "shown"),
    [
        (None, 3, ""),
        ("", 3, ""),
        ("a\nb\n", 3, "a\nb"),
        ("a\nb\nc\nd\n", 2, "c\nd"),
        ("x" * 1000 + "\nend\n", 1, "end"),
    ],
)
def test_the_end_of_a_log(tmp_path: Path, content: str | None, lines: int, shown: str) -> None:
    if content is not None:
        (tmp_path / "log").write_text(content)
    assert tail(tmp_path / "log", lines) == shown


def test_a_log_that_grew_large_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "log"
    rotate(log, limit=3)
    log.write_text("abc")
    rotate(log, limit=3)
    assert log.exists()
    log.write_text("abcd")
    rotate(log, limit=3)
    assert not log.exists()
    assert (tmp_path / "log.1").read_text() == "abcd"

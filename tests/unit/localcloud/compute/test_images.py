"""Images packed, unpacked once, and cleared away."""

import io
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from localcloud.compute.image_cache import ImageCache, unused
from localcloud.compute.root_filesystem import file_system_size
from localcloud.host import archive
from localcloud.host.command import HostError, run, try_run


def tar_of(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("etc-marker")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    source, target, blob = tmp_path / "source", tmp_path / "target", tmp_path / "blob"
    source.mkdir()
    target.mkdir()
    (source / "file").write_text("text")
    (source / "file").chmod(0o4751)
    os.link(source / "file", source / "second")
    (source / "link").symlink_to("file")
    (source / "skipped").mkdir()
    archive.pack(source, blob, exclude=["./skipped"])
    assert archive.kind(blob) == "zstd"
    archive.unpack(blob, target)
    assert sorted(path.name for path in target.iterdir()) == ["file", "link", "second"]
    assert (target / "file").stat().st_mode & 0o7777 == 0o4751
    assert (target / "file").stat().st_nlink == 2
    assert os.readlink(target / "link") == "file"


@pytest.mark.parametrize(("compress", "kind"), [(["cat"], "tar"), (["gzip", "-c"], "gzip"), (["zstd", "-qc"], "zstd")])
def test_archives_are_told_by_how_they_begin(tmp_path: Path, compress: list[str], kind: str) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(subprocess.run(compress, input=tar_of("x"), capture_output=True, check=True).stdout)
    assert archive.kind(blob) == kind
    archive.unpack(blob, tmp_path)
    assert (tmp_path / "etc-marker").read_text() == "x"


@pytest.mark.parametrize("content", [b"", b"QFI\xfb" + b"\0" * 600, b"\x28\xb5\x2f\xfd and nothing more"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(content)
    with pytest.raises(HostError):
        archive.unpack(blob, tmp_path)


def test_an_image_is_unpacked_once_however_many_ask(tmp_path: Path) -> None:
    # The driver has one, and each server has another.
    caches, downloads = [ImageCache(tmp_path / "images") for _ in range(4)], []

    def download(blob: Path) -> None:
        downloads.append(blob)
        blob.write_bytes(tar_of("hello"))

    askers = [threading.Thread(target=cache.get, args=("one", download)) for cache in caches]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(downloads) == 1
    assert (caches[0].root("one") / "etc-marker").read_text() == "hello"
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["one"]


def test_a_failed_download_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    with pytest.raises(HostError):
        cache.get("one", lambda blob: blob.write_bytes(b"half"))
    assert list(tmp_path.iterdir()) == []
    cache.get("one", lambda blob: blob.write_bytes(tar_of("whole")))
    assert (cache.root("one") / "etc-marker").exists()


def test_what_was_half_unpacked_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "one.part").mkdir()
    (tmp_path / "one.part" / "file").touch()
    (tmp_path / "one.part-blob").touch()
    (tmp_path / "two").mkdir()
    ImageCache(tmp_path).clear_partial()
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


def test_unused_images_go_after_a_while(tmp_path: Path) -> None:
    assert unused({"old": 1.0, "used": 1.0, "new": 9.0}, {"used"}, 5.0) == ["old"]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    cache = ImageCache(tmp_path)
    assert cache.purge(["a"], older_than=3600) == []
    assert cache.purge(["a"], older_than=-1) == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("block", ["1024", "4096"])
def test_a_file_system_says_how_large_it_is(tmp_path: Path, block: str) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as stream:
        stream.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-b", block, str(disk)], check=True)
    with disk.open("r+b") as stream:
        stream.truncate(65 << 20)
        assert file_system_size(stream.read(4096)) == 64 << 20


def test_what_is_no_file_system_has_no_size() -> None:
    assert file_system_size(b"\0" * 4096) == 0
    assert file_system_size(b"") == 0


def test_a_failed_program_is_shown_with_what_it_said() -> None:
    with pytest.raises(HostError) as failure:
        run(["sh", "-c", "echo the reason >&2; exit 3"])
    assert "3" in failure.value.what
    assert failure.value.evidence == "the reason"
    assert try_run(["false"]).returncode == 1
    assert run(["cat"], text="given") == "given"


def test_a_program_that_is_missing_or_slow_is_named() -> None:
    with pytest.raises(HostError, match="no-such-program") as missing:
        run(["no-such-program"])
    assert isinstance(missing.value.__cause__, FileNotFoundError)
    with pytest.raises(HostError) as slow:
        run(["sleep", "60"], limit=0.05)
    assert slow.value.where == "sleep 60"
    assert isinstance(slow.value.__cause__, subprocess.TimeoutExpired)

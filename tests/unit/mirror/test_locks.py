import os
from pathlib import Path

import pytest

from mirror.errors import BusyError, MirrorServiceError
from mirror.locks import command_lock, is_alive, take_service_lock, wait_until_dead
from mirror.places import MirrorPlaces


def test_the_second_command_is_told_who_is_at_work(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path / "mirror")
    with command_lock(places, "sync"), pytest.raises(BusyError) as caught, command_lock(places, "publish"):
        pytest.fail("the lock was given twice")
    assert caught.value.where == "mirror"
    assert f"'mirror sync' (process {os.getpid()})" in caught.value.what
    with command_lock(places, "publish"):
        assert "mirror publish" in places.command_lock.read_text()


def test_the_mirror_lives_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path)
    assert not is_alive(places)
    lock = take_service_lock(places)
    copy = os.dup(lock)
    os.close(lock)
    assert is_alive(places)
    assert not wait_until_dead(places, 0.1)
    with pytest.raises(MirrorServiceError):
        take_service_lock(places, limit=0.1)
    os.close(copy)
    assert wait_until_dead(places, 1.0)

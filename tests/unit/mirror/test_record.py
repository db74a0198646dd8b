import os
from pathlib import Path

import pytest

from mirror.errors import MirrorNotRunningError
from mirror.locks import take_service_lock
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.record import Failure, SupervisorRecord, SupervisorState
from mirror.report import look
from mirror.service import require_up


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "service.json"
    assert SupervisorRecord.load(file) is None
    record = SupervisorRecord(
        12,
        "abc",
        "/venv",
        SupervisorState.FAILED,
        "admin",
        [("database", 1.5)],
        {"api": 2},
        Failure("w", "x", "y", "z"),
    )
    record.save(file)
    assert SupervisorRecord.load(file) == record


def test_a_command_says_why_there_is_no_mirror(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path)
    with pytest.raises(MirrorNotRunningError):
        require_up(places)
    SupervisorRecord(12, "abc", "/venv", SupervisorState.FAILED, failure=Failure("the disk is full")).save(
        places.record
    )
    with pytest.raises(MirrorNotRunningError, match="the disk is full"):
        require_up(places)


def test_the_state_of_a_mirror_follows_from_its_lock_and_its_record(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path)
    assert (look(places).state, look(places).exit_status) == ("down", 3)
    # What a killed supervisor said last is no longer true.
    SupervisorRecord(12, "abc", "/venv", SupervisorState.UP).save(places.record)
    assert look(places).state == "down"
    lock = take_service_lock(places)
    try:
        Options(api_port=1).save(places)
        assert (look(places).state, look(places).missing, look(places).exit_status) == ("degraded", ("the API",), 1)
        SupervisorRecord(0, "abc", "/venv", SupervisorState.STARTING).save(places.record)
        assert look(places).state == "starting"
    finally:
        os.close(lock)
    SupervisorRecord(12, "abc", "/venv", SupervisorState.FAILED, failure=Failure("the disk is full")).save(
        places.record
    )
    assert (look(places).state, look(places).failure) == ("failed", "the disk is full")

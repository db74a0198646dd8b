import subprocess
import sys
from pathlib import Path

import pytest

from slurm_appliance.errors import ExitStatus
from slurm_appliance.journal.errors import LockedError, LockLostError
from slurm_appliance.journal.lock import holders
from slurm_appliance.journal.store import FolderStore, Store
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.journal import Journal, RolloutPlace
from slurm_appliance.rollout.record import NodeRecord, Phase
from tests.unit.slurm_appliance.journal.buckets import memory_bucket
from toolchain.paths import REPOSITORY

_RECORDS = {"c1": NodeRecord("c1", Phase.REBOOTING, 5.5, "why", 1, 4.5, 7, True, 2, True), "c2": NodeRecord("c2")}


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return FolderStore(tmp_path) if request.param == "folder" else memory_bucket(patience=0.0)


def test_what_was_written_is_read(store: Store) -> None:
    Journal(RolloutPlace(store, "deep/er", "s")).write(_RECORDS)

    assert Journal(RolloutPlace(store, "deep/er", "s")).read() == _RECORDS
    assert Journal(RolloutPlace(store, "other", "s")).read() == {}


@pytest.mark.parametrize(
    "text", ["", "{", '{"schema": 9, "records": {}}', '{"schema": 1}', '{"schema": 1, "records": {"c": {}}}']
)
def test_a_damaged_journal_says_what_to_do(store: Store, text: str) -> None:
    place = RolloutPlace(store, "r", "s")
    store.write(place.records, text.encode())

    with pytest.raises(RolloutError) as refused:
        Journal(place).read()
    assert refused.value.where == store.where(place.records)


def test_another_operator_does_not_roll_out_at_once_and_goes_on_afterwards(store: Store) -> None:
    place = RolloutPlace(store, "r", "s")
    first, second = Journal(place), Journal(place)
    with first.alone():
        first.write(_RECORDS)
        (holder,) = holders(place)
        with pytest.raises(LockedError) as refused, second.alone():
            pass
        assert refused.value.exit_status == ExitStatus.LOCKED
        assert f"unlock {holder.id} --stack s" in refused.value.remedy
    with second.alone():
        assert second.read() == _RECORDS


def test_a_rollout_whose_lock_was_taken_records_nothing_more(store: Store) -> None:
    place = RolloutPlace(store, "r", "s")
    journal = Journal(place)
    with journal.alone():
        journal.write(_RECORDS)
        (holder,) = holders(place)
        store.release(holder.key)
        with pytest.raises(LockLostError):
            journal.write({})
    assert journal.read() == _RECORDS


def test_one_rollout_at_a_time_whatever_becomes_of_it(tmp_path: Path) -> None:
    place = RolloutPlace(FolderStore(tmp_path), "r", "s")
    program = (
        "import sys, time; from pathlib import Path\n"
        "from slurm_appliance.rollout.journal import Journal, RolloutPlace\n"
        "from slurm_appliance.journal.store import FolderStore\n"
        "place = RolloutPlace(FolderStore(Path(sys.argv[1])), 'r', 's')\n"
        "with Journal(place).alone(): print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(LockedError), Journal(place).alone():
            pass
        other.kill()
    with Journal(place).alone():
        pass

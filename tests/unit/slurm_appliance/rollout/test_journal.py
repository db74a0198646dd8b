import subprocess
import sys
from pathlib import Path

import pytest

from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.journal import Journal
from slurm_appliance.rollout.record import NodeRecord, Phase
from toolchain.paths import REPOSITORY


def test_what_was_written_is_read(tmp_path: Path) -> None:
    records = {"c1": NodeRecord("c1", Phase.REBOOTING, 5.5, "why", 1, 4.5, 7, True, 2, True), "c2": NodeRecord("c2")}
    Journal(tmp_path / "deep" / "er").write(records)

    assert Journal(tmp_path / "deep" / "er").read() == records
    assert Journal(tmp_path / "other").read() == {}


@pytest.mark.parametrize(
    "text", ["", "{", '{"schema": 9, "records": {}}', '{"schema": 1}', '{"schema": 1, "records": {"c": {}}}']
)
def test_a_damaged_journal_says_what_to_do(tmp_path: Path, text: str) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "rollout.json").write_text(text)

    with pytest.raises(RolloutError) as refused:
        journal.read()
    assert refused.value.where == str(tmp_path / "rollout.json")


def test_one_rollout_at_a_time_whatever_becomes_of_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from slurm_appliance.rollout.journal import Journal\n"
        "with Journal(Path(sys.argv[1])).alone(): print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(RolloutError), Journal(tmp_path).alone():
            pass
        other.kill()
    with Journal(tmp_path).alone():
        pass

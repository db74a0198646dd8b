import os
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.control import process
from localcloud.host.layout import CloudLayout


@pytest.fixture
def layout(tmp_path: Path) -> CloudLayout:
    made = CloudLayout(tmp_path / "cloud")
    made.make_folders()
    return made


def test_a_process_is_found_again_and_stopped(layout: CloudLayout) -> None:
    started = process.start(layout, "sleeper", ["sleep", "60"])
    found = process.recorded(layout, "sleeper")
    assert found == started
    assert found.alive
    assert [one for one, _ in process.marked(layout.root)] == [started]
    assert process.stop([started], grace=10) == []
    assert not found.alive
    assert list(process.marked(layout.root)) == []


def test_a_process_that_does_not_listen_is_killed(layout: CloudLayout) -> None:
    # The line in the log says that the signal is ignored from now on.
    started = process.start(layout, "deaf", ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"])
    while "deaf" not in layout.service_log("deaf").read_text():
        assert started.alive
    assert process.stop([started], grace=0.2) == []
    assert process.stop([one for one, _ in process.marked(layout.root)], grace=0) == []


def test_another_process_with_the_same_pid_is_another(layout: CloudLayout) -> None:
    started = process.start(layout, "sleeper", ["sleep", "60"])
    try:
        assert not replace(started, started=started.started - 1).alive
        assert not replace(started, boot="another boot").alive
        process.stop([replace(started, boot="another boot")], grace=0)
        assert started.alive
    finally:
        process.stop([started], grace=5)


def test_a_zombie_does_not_live() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        one = next(one for one in [process.Process(child.pid, _started(child.pid), process.boot_id())])
        assert one.alive
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{child.pid}").exists()
        assert not one.alive


def _started(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def test_output_goes_to_the_log_and_the_record_is_private(layout: CloudLayout) -> None:
    started = process.start(layout, "talker", ["sh", "-c", "echo out; echo err >&2; echo $KEY"], {"KEY": "value"})
    while started.alive:
        pass
    assert layout.service_log("talker").read_text().split() == ["out", "err", "value"]
    assert stat.S_IMODE((layout.run / "talker.json").stat().st_mode) == 0o600


def test_memory_of_a_process_is_counted() -> None:
    assert process.Process(os.getpid(), _started(os.getpid()), process.boot_id()).proportional_memory() > 2**20


def test_nothing_is_recorded_of_what_never_ran(layout: CloudLayout) -> None:
    assert process.recorded(layout, "nova") is None

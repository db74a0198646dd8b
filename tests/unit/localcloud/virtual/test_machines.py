import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.virtual.machines import VirtualMachine, parse
from localcloud.virtual.qmp import Monitor

ROOT = Path("/state/cloud")
FOLDER = "/var/lib/libvirt/qemu/domain-1-instance-00000001"
SECRET = f'{{"qom-type":"secret","id":"masterKey0","format":"raw","file":"{FOLDER}/master-key.aes"}}'
DISK = '{"driver":"file","filename":"/state/cloud/nova/instances/1234/disk"}'
WORDS = ["/usr/bin/qemu-system-x86_64", "-name", "guest=instance-00000001,debug-threads=on", "-blockdev", DISK]


@pytest.mark.parametrize(
    ("words", "machine"),
    [
        (WORDS, VirtualMachine(7, "instance-00000001", None)),
        ([*WORDS, "-object", SECRET], VirtualMachine(7, "instance-00000001", Path(FOLDER, "monitor.sock"))),
        ([*WORDS, "-chardev", "socket,id=charmonitor,fd=21,server=on"], VirtualMachine(7, "instance-00000001", None)),
        (WORDS[:3], None),
        (["/usr/bin/vi", "/state/cloud/x"], None),
        ([], None),
    ],
)
def test_a_machine_of_a_cloud_is_known_by_its_command_line(words: list[str], machine: VirtualMachine | None) -> None:
    assert parse(7, words, ROOT) == machine


def test_a_machine_of_another_cloud_is_not() -> None:
    assert parse(7, WORDS, Path("/state/cloud-of-tests")) is None
    assert parse(7, WORDS, Path("/state/clou")) is None


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Path]:
    """The socket of a monitor that greets, reports an event before each answer, and hangs up on `quit`."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "monitor"))
    listener.listen()

    def serve() -> None:
        client, _ = listener.accept()
        with client, client.makefile("rwb") as stream:
            stream.write(b'{"QMP": {}}\n')
            stream.flush()
            for line in stream:
                command = json.loads(line)["execute"]
                if command == "quit":
                    return
                answer = {"status": "shutdown"} if command == "query-status" else {}
                stream.write(b'{"event": "POWERDOWN"}\n' + json.dumps({"return": answer}).encode() + b"\n")
                stream.flush()

    thread = threading.Thread(target=serve)
    thread.start()
    yield tmp_path / "monitor"
    thread.join(10)
    listener.close()


def test_a_monitor_answers(monitor: Path) -> None:
    with Monitor(monitor) as connection:
        assert connection.execute("query-status") == {"status": "shutdown"}
        assert connection.execute("quit") == {}


def test_a_monitor_that_nobody_serves_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Monitor(tmp_path / "monitor")

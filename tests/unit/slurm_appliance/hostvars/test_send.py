import stat
from pathlib import Path

import pytest

from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.send import RECEIVER, send


def _ssh(folder: Path, script: str) -> list[str]:
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(stat.S_IRWXU)
    return [str(program), "user@control"]


def test_through_standard_input_to_the_receiver(tmp_path: Path) -> None:
    ssh = _ssh(tmp_path, f'echo "$*" > {tmp_path}/args; cat > {tmp_path}/got; echo \'{{"nodes": 2}}\'')

    assert send(b"secret", ssh) == {"nodes": 2}
    assert (tmp_path / "got").read_bytes() == b"secret"
    assert (tmp_path / "args").read_text() == f"user@control sudo -n {RECEIVER}\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo first >&2; echo the cause >&2; exit 3", "user@control: .* the cause"),
        ("sleep 30", "did not take .* in 1 s"),
    ],
)
def test_a_control_node_that_does_not_take_it(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(HostVariablesError, match=words):
        send(b"", _ssh(tmp_path, f"exec 2>&2; {script}"), seconds=1.0)

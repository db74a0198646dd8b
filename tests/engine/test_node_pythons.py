"""The programs on nodes work with each distribution's Python: their unit tests, run with older and newer ones."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from toolchain.paths import REPOSITORY, cache_folder
from toolchain.python_packages import pip_commands

#: By release of Python, the lock that its environment is installed from: Rocky Linux 9, Debian 13 and Debian testing.
LOCKS = {"3.9": "node.txt", "3.13": "dev.txt", "3.14": "dev.txt"}
#: The tests that need nothing of the deploy host's code.
LEAST = 500


def interpreter(release: str) -> Path | None:
    """A Python of a release on this machine: from PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    candidates = [shutil.which(f"python{release}"), *sorted(pyenv.glob(f"versions/{release}.*/bin/python"))]
    for candidate in candidates:
        if candidate is not None:
            asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            ended = subprocess.run(asked, capture_output=True, text=True, check=False)
            if ended.returncode == 0 and ended.stdout.strip() == release:
                return Path(candidate)
    return None


def environment(python: Path, lock: Path) -> Path:
    """A virtual environment of a Python with the packages of a lock; made once."""
    digest = hashlib.sha256(f"{python}\0".encode() + lock.read_bytes()).hexdigest()[:16]
    folder = cache_folder("environments", f"node-{digest}")
    if not (folder / "ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        for command in pip_commands(folder / "bin/python", lock):
            subprocess.run(command, check=True)
        (folder / "ready").touch()
    return folder


@pytest.mark.parametrize("release", LOCKS)
def test_the_unit_tests_of_the_programs_on_nodes_pass(release: str, tmp_path: Path) -> None:
    python = interpreter(release)
    if python is None:
        pytest.skip(f"there is no Python {release} on this machine")
    folder = environment(python, REPOSITORY / "requirements" / LOCKS[release])
    report = tmp_path / "report.xml"
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    ended = subprocess.run(
        [
            folder / "bin/python",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junit-xml={report}",
            "tests/unit/node",
        ],
        cwd=REPOSITORY,
        env={**os.environ, "PATH": path, "VIRTUAL_ENV": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    (suite,) = ET.parse(report).getroot()  # noqa: S314 - our own pytest wrote it
    assert int(suite.attrib["tests"]) >= LEAST

"""Starts a daemon of Slurm with a copy of its files in its own namespaces, and tells whether it accepts them.

The running cluster is not affected: the trial has no network, its own host name and process table, and its state, pid
and log files are below a scratch folder. It has two processes: outside, `run` creates the scratch folder and calls this
program again in the new namespaces; there, `inside` arranges what the daemon sees and reads its log.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import trial_copy
from .conf import SECRET_FILES, option
from .log import ended_badly, started
from .ports import listening

#: The folder where the daemons look for their files.
ETC = Path("/etc/slurm")
#: Timeout in seconds, after which an undecided daemon counts as a rejection.
TIMEOUT = 60.0
#: Timeout for a daemon to listen after it has reported its start, in seconds.
_TO_LISTEN = 5.0
_SIOCSIFFLAGS, _SIOCSIFADDR, _IFF_UP = 0x8914, 0x8916, 0x1
#: For a control node without an address in slurm.conf; an address reserved for documentation.
_SOME_ADDRESS = "192.0.2.1"
#: Files that the trial copies with changes.
_COPIES = {"slurm.conf": trial_copy.slurm_conf, "slurmdbd.conf": trial_copy.slurmdbd_conf}
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")


class TrialError(RuntimeError):
    """Raised when a trial cannot run, so that nothing is known about the files."""


class Trial:
    """The outcome of a trial.

    Attributes:
        accepted: whether the daemon runs with the files.
        log: its log.
        why: our own objection if its log has none.
    """

    def __init__(self, accepted: bool, log: Sequence[str], why: str = "") -> None:
        self.accepted, self.log, self.why = accepted, list(log), why


def find(daemon: str) -> str:
    """The path of a daemon's program.

    Raises:
        TrialError: it is missing.
    """
    program = shutil.which(daemon, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise TrialError(f"{daemon} is not installed here")
    return program


def run(daemon: str, files: Mapping[str, bytes], entry: Sequence[str], *, control: str, etc: Path = ETC) -> Trial:
    """Run a trial.

    Args:
        daemon: slurmctld or slurmdbd.
        files: all files of Slurm by name.
        entry: the command that runs `inside`.
        control: host name of the control node.
        etc: folder whose other files the daemon also sees.

    Raises:
        TrialError: the program is missing, or this machine does not allow namespaces.
    """
    program = find(daemon)
    if os.geteuid() != 0:
        raise TrialError(f"testing {daemon} needs root, to create namespaces")
    folder = Path(tempfile.mkdtemp(prefix="slurm-files-"))
    try:
        folder.chmod(0o755)
        _fill(folder, files, etc, control)
        request = {"daemon": daemon, "program": program, "folder": str(folder), "control": control}
        ended = subprocess.run(
            ["unshare", *_NAMESPACES, "--", *entry],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=TIMEOUT + 60,
            check=False,
        )
        try:
            document: Mapping[str, Any] = json.loads(ended.stdout)
        except ValueError:
            said = ended.stderr.strip() or ended.stdout.strip() or f"exit status {ended.returncode}"
            raise TrialError(f"{daemon} could not be tested: {said[-500:]}") from None
    finally:
        shutil.rmtree(folder)
    log = [str(line).replace(f"{folder}/etc", str(ETC)) for line in document["log"]]
    return Trial(bool(document["accepted"]), log, str(document["why"]))


def _fill(folder: Path, files: Mapping[str, bytes], etc: Path, control: str) -> None:
    """Fill the scratch folder: the files for the daemon, and folders for its output."""
    for name in ("state", "run"):
        (folder / name).mkdir(mode=0o755)
    target = folder / "etc"
    target.mkdir(mode=0o755)
    for path in sorted(etc.iterdir()) if etc.is_dir() else ():
        # Skip links, which are the exchanged files themselves, and hidden folders with former versions.
        if path.name not in files and not path.is_symlink() and not path.name.startswith("."):
            (shutil.copytree if path.is_dir() else shutil.copy2)(str(path), str(target / path.name))
    for name, content in files.items():
        changed = _COPIES.get(name)
        path = target / name
        path.touch(mode=0o600)
        path.write_bytes(changed(content.decode(), folder).encode() if changed else content)
        path.chmod(0o600 if name in SECRET_FILES else 0o755 if content.startswith(b"#!") else 0o644)
    conf = files.get("slurm.conf", b"").decode()
    present = Path("/etc/hosts").read_text(encoding="utf-8", errors="replace")
    (folder / "hosts").write_text(trial_copy.hosts_file(present, conf, control), encoding="utf-8")
    owner = _slurm_user(option(conf, "SlurmUser") or "root")
    for path in (folder / "state", folder / "run", *(target / name for name in SECRET_FILES)):
        if owner is not None and path.exists():
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _slurm_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None  # Slurm reports this itself.


def inside() -> int:
    """The part inside the namespaces. Reads a request from standard input, and prints the outcome."""
    request = json.load(sys.stdin)
    folder, daemon = Path(request["folder"]), str(request["daemon"])
    slurm_conf = (folder / "etc" / "slurm.conf").read_text()
    _arrange(folder, str(request["control"]), _address(slurm_conf))
    conf = folder / "etc" / ("slurm.conf" if daemon == "slurmctld" else "slurmdbd.conf")
    port = _port(conf.read_text(), daemon)
    process = subprocess.Popen(
        [request["program"], "-D"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SLURM_CONF": str(folder / "etc" / "slurm.conf")},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        outcome = _watch(process, daemon, port)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    print(json.dumps(outcome))
    return 0


def _address(text: str) -> str:
    """The control node's address in slurm.conf."""
    found = re.search(r"\(([0-9a-fA-F.:]+)\)", option(text, "SlurmctldHost") or "")
    return found.group(1) if found else _SOME_ADDRESS


def _arrange(folder: Path, control: str, address: str) -> None:
    """Set up what the daemon sees: its host name and address, /etc/hosts, and a /run with only munge's socket."""
    socket.sethostname(control)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
        # Name lookups fail if there is no address except 127.0.0.1.
        packed = socket.inet_aton(_SOME_ADDRESS if ":" in address else address)
        fcntl.ioctl(handle, _SIOCSIFADDR, struct.pack("16sHH4s8x", b"lo:0", socket.AF_INET, 0, packed))
    if ":" in address:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as handle:
            ipv6 = struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, address), 128, socket.if_nametoindex("lo"))
            fcntl.ioctl(handle, _SIOCSIFADDR, ipv6)
    _mount(folder / "hosts", Path("/etc/hosts"))
    _mount(folder / "etc", ETC) if ETC.is_dir() else None
    munge, kept = Path("/run/munge"), folder / "munge"
    served = any(munge.glob("*socket*"))
    if served:
        kept.mkdir()
        _mount(munge, kept)
    _mount(folder / "run", Path("/run"))
    munge.mkdir()
    if served:
        _mount(kept, munge)
    else:
        _serve_munge(folder, munge)


def _serve_munge(folder: Path, place: Path) -> None:
    """Start a munged with its own key if the machine has none: otherwise daemons wait for it for seconds."""
    munged = shutil.which("munged", path="/usr/sbin:/usr/bin")
    if munged is None:
        return
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    files = {"socket": place / "munge.socket.2", "pid-file": place / "pid", "log-file": place / "log"}
    places = [f"--{name}={path}" for name, path in {**files, "seed-file": place / "seed", "key-file": key}.items()]
    subprocess.run([munged, "--force", *places], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _mount(what: Path, where: Path) -> None:
    subprocess.run(["mount", "--bind", str(what), str(where)], check=True)


def _port(text: str, daemon: str) -> int:
    """The first port that the daemon must listen on."""
    name, usual = ("SlurmctldPort", 6817) if daemon == "slurmctld" else ("DbdPort", 6819)
    found = re.match(r"\d+", option(text, name) or "")
    return int(found.group()) if found else usual


def _watch(process: subprocess.Popen[bytes], daemon: str, port: int) -> dict[str, Any]:
    """Read the daemon's log until it has accepted or rejected its files."""
    stream = process.stdout
    if stream is None:
        raise TrialError(f"{daemon} was started without a pipe")
    os.set_blocking(stream.fileno(), False)
    log: list[str] = []
    rest, end, runs = b"", time.monotonic() + TIMEOUT, False
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while time.monotonic() < end:
            selector.select(0.1)
            chunk = stream.read()
            if chunk == b"":
                log += rest.decode(errors="replace").splitlines()
                return _outcome(False, log, f"{daemon} exited with status {process.wait()}")
            whole, _, rest = (rest + (chunk or b"")).rpartition(b"\n")
            new = whole.decode(errors="replace").splitlines()
            log += new
            if any(map(ended_badly, new)):
                return _outcome(False, log, "")
            if any(started(daemon, line) for line in new) and not runs:
                runs, end = True, time.monotonic() + _TO_LISTEN
            if runs and (daemon == "slurmdbd" or listening(port)):
                return _outcome(True, log, "")
    if runs:
        return _outcome(False, log, f"{daemon} runs but does not listen on port {port}, set by SlurmctldPort")
    return _outcome(False, log, f"{daemon} did not start within {TIMEOUT:.0f} s")


def _outcome(accepted: bool, log: Sequence[str], why: str) -> dict[str, Any]:
    return {"accepted": accepted, "log": list(log), "why": why}

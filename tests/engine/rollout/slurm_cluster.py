"""A real Slurm on this machine: munged, slurmctld as user slurm, and several slurmd that take themselves for nodes.

A "reboot" of such a node is its slurmd killed and later started again with ``-b``, which makes it report a fresh boot.
"""

import importlib.metadata
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.reboot_program.hostlist import expand
from node.reboot_program.slurm_state import ENVIRONMENT, SlurmNode, parse_nodes
from tests.fakes.reboot_sockets import RebootSockets
from toolchain.apt import install
from toolchain.paths import REPOSITORY

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "munge")
#: The RebootProgram's libraries, as the control image has them; slurm's user cannot read this user's environments.
_LIBRARIES = ("PyYAML", "keystoneauth1")
#: Debian's own: every user can run it.
_PYTHON = "/usr/bin/python3"

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
SlurmUser=slurm
DisableRootJobs=YES
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/state/jobs.log
SelectType=select/cons_tres
MpiDefault=none
ReturnToService=2
SlurmctldParameters=reboot_from_controller
SlurmdParameters=config_overrides
RebootProgram={folder}/slurm-appliance-reboot
ResumeTimeout={resume_timeout}
SlurmdTimeout=60
SchedulerParameters=sched_min_interval=100000,bf_interval=2
{nodes}
PartitionName=main Nodes=ALL Default=YES State=UP
"""

_REBOOT = """\
#!{python} -I
import json, os, sys, time
with open("{folder}/state/reboot-calls", "a") as log:
    log.write(json.dumps({{"argv": sys.argv[1:], "uid": os.getuid(), "at": time.time()}}) + chr(10))
sys.path.insert(0, "{folder}/lib")
os.environ["SLURM_APPLIANCE_REBOOT_SETTINGS"] = "{folder}/reboot.yml"
from reboot_program.handover import main
sys.exit(main())
"""


@dataclass(frozen=True)
class EndedJob:
    """A job as slurmctld wrote it down at its end; times in whole seconds since the epoch."""

    id: int
    state: str
    start: float
    end: float
    nodes: tuple[str, ...]


class SlurmCluster:
    """The daemons and what they say.

    Attributes:
        folder: of everything; every user may enter it, for slurmctld is not root.
        environment: variables for Slurm's commands.
        worker: the user of the RebootProgram's service, which is not SlurmUser.
    """

    def __init__(self, folder: Path, names: list[str], resume_timeout: int) -> None:
        self.folder = folder
        self.names = names
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), **ENVIRONMENT}
        self._slurm = pwd.getpwnam("slurm")
        port, *ports = _free_ports(len(names) + 1)
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={each} CPUs=2 RealMemory=500"
            for name, each in zip(names, ports, strict=True)
        )
        text = _CONFIGURATION.format(folder=folder, port=port, nodes=nodes, resume_timeout=resume_timeout)
        (folder / "slurm.conf").write_text(text)
        (folder / "state").mkdir()
        os.chown(folder / "state", self._slurm.pw_uid, self._slurm.pw_gid)
        reboot = folder / "slurm-appliance-reboot"
        reboot.write_text(_REBOOT.format(python=_PYTHON, folder=folder))
        reboot.chmod(0o755)
        self._program()
        self.worker = pwd.getpwnam("nobody")
        self._programs = {
            **self.environment,
            "PYTHONPATH": str(folder / "lib"),
            "SLURM_APPLIANCE_REBOOT_SETTINGS": str(folder / "reboot.yml"),
        }
        self.sockets = RebootSockets(folder, _PYTHON, self._programs, helper_user=self._slurm.pw_uid)

    def _program(self) -> None:
        """The RebootProgram and its libraries, where slurm's user can read them."""
        library = self.folder / "lib"
        shutil.copytree(REPOSITORY / "node" / "reboot_program", library / "reboot_program")
        for name in _with_requirements(_LIBRARIES):
            for file in importlib.metadata.files(name) or ():
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    target = library / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(str(file.locate()), target)
        for path in (library, *library.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def start(self) -> None:
        """Start everything; ends when all nodes are idle."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {"socket": "munge.sock", "pid-file": "munged.pid", "log-file": "munged.log", "seed-file": "munge.seed"}
        places = [f"--{option}={self.folder / name}" for option, name in files.items()]
        self._run("munged", "--force", f"--key-file={key}", *places)
        self.start_controller()
        for name in self.names:
            self.start_node(name)
        wait_for("all nodes to be idle", lambda: all(node.flags == {"IDLE"} for node in self.nodes().values()))

    def start_controller(self) -> None:
        """Start slurmctld; ends when it answers."""
        self._run("slurmctld", "-f", str(self.folder / "slurm.conf"))
        wait_for("slurmctld to answer", lambda: self.command("scontrol", "ping", check=False).count("UP"))

    def stop_controller(self) -> None:
        """Stop slurmctld."""
        self._end(self.folder / "slurmctld.pid")

    def start_node(self, name: str, *, fresh: bool = False) -> None:
        """Start a node's slurmd; ``fresh``: it has just booted."""
        self._run("slurmd", *(["-b"] if fresh else []), "-N", name)

    def stop_node(self, name: str) -> None:
        """Stop a node's slurmd, as when the machine goes away."""
        self._end(self.folder / f"slurmd-{name}.pid")

    def stop(self) -> None:
        """End everything."""
        self.sockets.close()
        for path in sorted(self.folder.glob("*.pid"), key=lambda path: path.name == "munged.pid"):
            self._end(path)

    def nodes(self) -> dict[str, SlurmNode]:
        """All nodes as slurmctld sees them."""
        return parse_nodes(self.command("scontrol", "--oneliner", "show", "node"))

    def command(self, *command: str, check: bool = True, timeout: float = 120.0) -> str:
        """Output of one of Slurm's commands, run as root; jobs are SlurmUser's, for root's are refused."""
        become = ["runuser", "-u", "slurm", "--"] if command[0] in {"sbatch", "srun"} else []
        ended = subprocess.run(
            [*become, *command],
            cwd="/",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert ended.returncode == 0, f"{command}: {ended.stderr}{ended.stdout}"
        return ended.stdout

    def service(self) -> subprocess.Popen[str]:
        """The RebootProgram's service, as a user of its own."""
        with (self.folder / "service.log").open("ab") as log:
            return self.sockets.service(self._programs, user=self.worker.pw_uid, log=log.fileno())

    def controller_log(self) -> str:
        """The end of what slurmctld said."""
        return "\n".join((self.folder / "slurmctld.log").read_text().splitlines()[-60:])

    def jobs(self) -> list[EndedJob]:
        """Jobs that have ended, by id, from slurmctld's own record."""
        path = self.folder / "state" / "jobs.log"
        lines = path.read_text().splitlines() if path.exists() else []
        fields = [dict(field.partition("=")[::2] for field in line.split()) for line in lines]
        found = [
            EndedJob(
                id=int(each["JobId"]),
                state=each["JobState"],
                start=_epoch(each["StartTime"]),
                end=_epoch(each["EndTime"]),
                nodes=tuple(expand(each["NodeList"])) if each["NodeList"] != "(null)" else (),
            )
            for each in fields
        ]
        return sorted(found, key=lambda job: job.id)

    def _run(self, *command: str) -> None:
        # Not captured by a pipe: the daemons would keep it open.
        with (self.folder / "start.log").open("ab") as log:
            ended = subprocess.run(command, env=self.environment, stdout=log, stderr=log, timeout=60, check=False)
        assert ended.returncode == 0, (self.folder / "start.log").read_text()

    def _end(self, pid_file: Path) -> None:
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text())
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        wait_for(f"{pid_file.stem} to end", lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


@contextmanager
def slurm_cluster(count: int, resume_timeout: int) -> Iterator[SlurmCluster]:
    """A running cluster of nodes c1, c2...; nothing of it is left afterwards."""
    missing = [name for name in ("slurmctld", "slurmd", "scontrol", "munged") if not shutil.which(name)]
    if missing:
        install(PACKAGES)
    # Not pytest's folder: slurm's user may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    cluster = SlurmCluster(folder, [f"c{number + 1}" for number in range(count)], resume_timeout)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


def _with_requirements(names: Iterable[str]) -> set[str]:
    """Distributions and all that they require here, extras left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            lines = importlib.metadata.requires(name) or ()
            waiting += [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines if ";" not in line]
    return found


def wait_for(what: str, true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is true; fails with what was waited for."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)


def _epoch(text: str) -> float:
    """slurmctld writes local time here; 0 for a job that never started."""
    return 0.0 if text == "Unknown" else time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True

"""MariaDB, munged and slurmdbd of a test's own, and requests made to them: run in namespaces, prints JSON.

``python3 -m tests.engine.accounting.daemons FOLDER`` reads steps on standard input, ``[["define", {...}], ...]``, and
prints what each one answered. The caller gives it a mount and a process namespace: what is mounted here is gone, and
what is started here ends, with it.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.engine.cloud_fixtures import wait_until

_SLURMDBD = """\
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageLoc=slurm_acct_db
StorageUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
"""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _start(folder: Path, *command: str, **environment: str) -> None:
    with (folder / f"{Path(command[0]).name}.out").open("w") as output:
        subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start(folder: Path) -> None:
    """Start the three, and wait until slurmdbd answers."""
    for name in ("data", "munge", "etc"):
        (folder / name).mkdir()
    _run("mount", "--make-rprivate", "/")
    for name, place in (("munge", Path("/run/munge")), ("etc", Path("/etc/slurm"))):
        place.mkdir(exist_ok=True)
        _run("mount", "--bind", str(folder / name), str(place))
    # Former users stay among the local ones, locked.
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + "alice:x:61001:61001::/:/usr/sbin/nologin\n")
    _run("mount", "--bind", str(folder / "passwd"), "/etc/passwd")
    database = folder / "database.sock"
    _run("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={folder}/data", "--skip-test-db")
    _start(
        folder, "mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}/data", f"--socket={database}",
        "--skip-networking", f"--pid-file={folder}/mariadbd.pid",
    )  # fmt: skip
    key = folder / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    _start(
        folder, "munged", "--foreground", "--force", f"--key-file={key}", f"--pid-file={folder}/munged.pid",
        "--socket=/run/munge/munge.socket.2", f"--seed-file={folder}/seed", f"--log-file={folder}/munged.log",
    )  # fmt: skip
    client = ["mariadb", "--no-defaults", f"--socket={database}"]
    wait_until("MariaDB", lambda: subprocess.run([*client, "-e", ""], check=False).returncode == 0, 60)
    wait_until("munged", Path("/run/munge/munge.socket.2").exists, 30)
    _run(*client, "-e", "CREATE DATABASE slurm_acct_db")
    Path("/etc/slurm/slurmdbd.conf").write_text(_SLURMDBD.format(folder=folder))
    Path("/etc/slurm/slurmdbd.conf").chmod(0o600)
    _start(folder, "slurmdbd", "-D", MYSQL_UNIX_PORT=str(database))
    wait_until("slurmdbd", lambda: _answers(6819), 90)


def step(kind: str, content: Any, folder: Path) -> Any:
    """One step: a request of the program's, ``show`` with arguments of sacctmgr's, or ``sql`` with statements."""
    if kind == "sql":
        client = ["mariadb", "--no-defaults", f"--socket={folder}/database.sock", "slurm_acct_db"]
        subprocess.run(client, check=True, input=content, text=True)
        return None
    if kind == "show":
        Path("/etc/slurm/slurm.conf").write_text(
            "ClusterName=demo\nSlurmctldHost=localhost\nAuthType=auth/munge\n"
            "AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=localhost\n"
        )
        command = ["sacctmgr", "--noheader", "--parsable2", "show", *content]
        return sorted(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines())
    ended = subprocess.run(
        [sys.executable, "-m", "node.slurm_accounting", kind, str(folder)],
        input=json.dumps(content), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode:
        return ended.stderr
    answer = json.loads(ended.stdout)
    return answer if kind == "withdraw" else answer["changes"]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    steps = json.load(sys.stdin)
    start(place)
    print(json.dumps([step(kind, content, place) for kind, content in steps]))

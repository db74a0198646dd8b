"""Runs on a login node as root, with its Python: acts as an ordinary user, prints facts as JSON.

It is sent through standard input and never installed. Each step has a timeout, and a failed step is a fact.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

#: Latency and bandwidth between two processes by the MPI library itself: images need no compiler for it.
PINGPONG = """
import ctypes, json, time
mpi = ctypes.CDLL("libmpi.so.40", mode=ctypes.RTLD_GLOBAL)
world = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_comm_world"))
byte = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_byte"))
mpi.MPI_Init(None, None)
rank, size = ctypes.c_int(), ctypes.c_int()
mpi.MPI_Comm_rank(world, ctypes.byref(rank)); mpi.MPI_Comm_size(world, ctypes.byref(size))
def trip(length, rounds):
    buffer = ctypes.create_string_buffer(length)
    begun = time.perf_counter()
    for _ in range(rounds):
        if rank.value == 0:
            mpi.MPI_Send(buffer, length, byte, 1, 0, world); mpi.MPI_Recv(buffer, length, byte, 1, 0, world, None)
        elif rank.value == 1:
            mpi.MPI_Recv(buffer, length, byte, 0, 0, world, None); mpi.MPI_Send(buffer, length, byte, 0, 0, world)
    return (time.perf_counter() - begun) / rounds / 2
trip(8, 10)
latency, large = trip(8, 200), trip(1 << 20, 20)
if rank.value == 0:
    print(json.dumps({"ranks": size.value, "latency_us": latency * 1e6, "bandwidth_mb_s": 1.048576 / large}))
mpi.MPI_Finalize()
"""

#: Memory bandwidth of one process: a copy, which reads and writes each byte once.
COPY = """
import socket, time
size = 64 << 20
source, target = bytearray(size), bytearray(size)
best = 0.0
for _ in range(5):
    begun = time.perf_counter(); target[:] = source
    best = max(best, 2 * size / 1e6 / (time.perf_counter() - begun))
print(socket.gethostname(), round(best))
"""

#: One small HPL per node with the HPC Challenge, whose other tests also run: two seconds. A separate process, not a
#: rank of the step: without Slurm's variables, the MPI library does not look for other ranks.
HPL = r"""
folder=$(mktemp --directory) && cd "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
cat > hpccinf.txt <<'END'
HPLinpack benchmark input file
slurm-appliance check-cluster
HPL.out  output file name
8        device out (a file)
1        number of problem sizes
2000     N
1        number of block sizes
128      NB
0        process mapping (row-major)
1        number of process grids
1        P
1        Q
16.0     threshold
1        number of panel factorisations
2        right
1        number of stopping criteria
4        NBMIN
1        number of panels in recursion
2        NDIV
1        number of recursive factorisations
1        Crout
1        number of broadcasts
1        1rM
1        number of lookahead depths
1        depth
2        swapping (mix)
64       swapping threshold
0        L1 transposed
0        U transposed
1        equilibration
8        alignment
a separator
0        more problem sizes for PTRANS
0
0        more block sizes for PTRANS
0
END
env --ignore-environment PATH="$PATH" HOME="$HOME" hpcc > said 2>&1
number=$(sed -n 's/^HPL_Tflops=//p' hpccoutf.txt)
if ! grep --quiet '^Success=1$' hpccoutf.txt || [ -z "$number" ]; then tail --lines 5 said hpccoutf.txt >&2; exit 1; fi
echo "$(hostname -s) $(awk -v number="$number" 'BEGIN { printf "%.1f", number * 1000 }')"
"""


def run(command: list[str], user: str = "", limit: float = 120.0) -> dict[str, Any]:
    """Run a command as a user; return status, output and seconds; 124: timeout, 127: command not found."""
    begun = time.monotonic()
    if user:
        command = ["runuser", "--login", user, "--command", " ".join(_quoted(word) for word in command)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        status, out, err = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired:
        status, out, err = 124, "", f"timed out after {limit:.0f} s"
    except OSError as error:
        status, out, err = 127, "", f"{command[0]}: {error.strerror}"
    return {"status": status, "out": out[-20000:], "err": err[-2000:], "seconds": round(time.monotonic() - begun, 1)}


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def accounted(job: str, limit: float = 60.0) -> dict[str, Any]:
    """sacct's record of a job, polled until the job has ended."""
    end = time.monotonic() + limit
    while True:
        said = run(["sacct", "--noheader", "--parsable2", "--allocations", "--jobs", job, "--format=jobid,state"])
        if "COMPLETED" in said["out"] or time.monotonic() > end:
            return said
        time.sleep(1)


def facts(user: str, hpctests: bool) -> dict[str, Any]:
    """Gather all facts."""
    found: dict[str, Any] = {"nodes": run(["sinfo", "--noheader", "--Node", "--format=%N|%T|%E"])}
    names = sorted({line.split("|")[0] for line in found["nodes"]["out"].splitlines() if line})
    if not user or not names:
        return found
    count = str(len(names))
    across = ["srun", f"--nodes={count}", "--ntasks-per-node=1", "--immediate=60", "--time=5"]
    marker = f".slurm-appliance-check-{os.getpid()}"
    token = str(time.time())
    found["uid"] = run(["id", "--user", user])
    found["marker"] = run(["sh", "-c", f"echo {token} > ~/{marker}"], user)
    found["token"] = token
    script = f'echo "$(hostname -s)|$(id -u)|$(cat ~/{marker})|$SLURM_JOB_ID"'
    found["across"] = run([*across, "sh", "-c", script], user)
    run(["rm", "-f", f"{marker}"], user)
    jobs = {line.split("|")[3] for line in found["across"]["out"].splitlines() if line.count("|") == 3}
    if len(jobs) == 1:
        found["sacct"] = accounted(jobs.pop())
    if hpctests:
        found["copy"] = run([*across, "python3", "-c", COPY], user)
        if shutil.which("hpcc"):
            found["hpl"] = run([*across, "--mpi=none", "sh", "-c", HPL], user)
        if len(names) > 1 and shutil.which("mpirun", path=f"{os.environ['PATH']}:/usr/lib64/openmpi/bin"):
            pair = ["srun", "--nodes=2", "--ntasks-per-node=1", "--immediate=60", "--time=5", "--mpi=pmix"]
            found["pingpong"] = run([*pair, "python3", "-c", PINGPONG], user)
    return found


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(facts(request["user"], request["hpctests"])))

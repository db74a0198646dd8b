"""The calls of Pulp's processes."""

import signal
from pathlib import Path

from mirror.children import Program
from mirror.environment import program
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.pulp_settings import STOP_GRACE, process_environment


def process_name(pid: int | str, start: str) -> str:
    """What Pulp calls a process of one start; names must never come again, and numbers of processes do."""
    return f"{pid}.{start}@mirror"


def services(places: MirrorPlaces, options: Options, environment: Path, start: str) -> list[Program]:
    """API, content server and workers of one start.

    Args:
        places: the mirror's folders.
        options: how it is started.
        environment: Pulp's virtual environment.
        start: this start's name.
    """
    variables = process_environment(places)
    naming = ["--name-template", process_name("{pid}", start)]
    server = ["--workers", "1", "--no-control-socket", *naming]
    tls = {}
    if options.tls_certificate:
        tls["GUNICORN_CMD_ARGS"] = f"--certfile={places.tls_certificate} --keyfile={places.tls_key}"
    api = [program(environment, "pulpcore-api"), "--bind", f"127.0.0.1:{options.api_port}", *server]
    content = [program(environment, "pulpcore-content"), "--bind", options.bind(), *server]
    found = [Program("api", api, variables), Program("content", content, variables | tls)]
    for number in range(1, options.workers + 1):
        command = [program(environment, "pulpcore-worker"), *naming]
        # On SIGTERM a worker would wait for its task however long that takes.
        found.append(Program(f"worker-{number}", command, variables, signal.SIGINT, STOP_GRACE + 10.0))
    return found


def manager(places: MirrorPlaces, environment: Path, *arguments: str) -> Program:
    """One of Pulp's administrative commands."""
    return Program("manager", [program(environment, "pulpcore-manager"), *arguments], process_environment(places))

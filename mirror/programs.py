"""The command lines of Pulp's processes."""

import signal
from pathlib import Path

from mirror.children import Program
from mirror.environment import program
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.pulp_settings import STOP_GRACE, process_environment


def process_name(pid: int | str, start: str) -> str:
    """A process's name in Pulp, unique per start: names must never be reused, and process IDs are."""
    return f"{pid}.{start}@mirror"


def services(places: MirrorPlaces, options: Options, environment: Path, start: str) -> list[Program]:
    """API, content server and workers of one start.

    Args:
        places: the mirror's folders.
        options: its start options.
        environment: Pulp's virtual environment.
        start: the name of this start.
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
        # On SIGTERM, a worker would wait for its task without a timeout.
        found.append(Program(f"worker-{number}", command, variables, signal.SIGINT, STOP_GRACE + 10.0))
    return found


def manager(places: MirrorPlaces, environment: Path, *arguments: str) -> Program:
    """The command line of one of Pulp's administrative commands."""
    return Program("manager", [program(environment, "pulpcore-manager"), *arguments], process_environment(places))

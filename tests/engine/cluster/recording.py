"""Environments of earlier code, kept as test data: their state and their project.

``python -m tests.engine.cluster.recording FILE`` records one, with the code of this checkout. Commands that need nodes
or make secrets are answered by `use_fixed_answers`, so that nothing in a recording is secret.
"""

import argparse
import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.ssh.console_keys import ConsoleHost
from tests.engine.cluster.rig import SETTINGS, Rig, furnish, use
from tests.fakes.project import FakeProject
from tests.fakes.project.collection import Collection
from toolchain.ensure import Toolchain

#: What a recording has in place of paths and addresses of the machine that it was made on.
_FOLDER, _CLOUD = "@FOLDER@", "@CLOUD@"
#: Everything that leaves something of its own in a state.
RECORDED_SETTINGS: dict[str, Any] = SETTINGS | {
    "cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "external"}}],
    "login": {"entry": {"nodes": ["login-0"], "flavor": "small"}},
    "compute": {
        "general": {"nodes": ["c-[0-1]"], "flavor": "small", "ignore_image_changes": True},
        "disk": {
            "nodes": ["d-0"],
            "flavor": "large",
            "volume_backed_instances": True,
            "root_volume_size": 20,
            "extra_volumes": {"scratch": {"size": 5}},
        },
    },
    "users": {"alice": {"uid": 2001}},
}


#: The key of every server's ssh server.
HOST_KEY = f"ssh-ed25519 {'A' * 68}"


def _answer(module: str, arguments: list[str], request: str) -> str:
    """What a command prints here: fixed values, which no cluster uses."""
    match module, arguments:
        case "slurm_appliance.secrets", [_, "bundle_signing_key"]:
            return base64.b64encode(bytes(32)).decode()
        case "slurm_appliance.secrets", [_, name]:
            return f"recorded {name} ".ljust(64, "x")
        case "slurm_appliance.console_keys", _:
            hosts = [ConsoleHost(**host) for host in json.loads(request)["hosts"]]
            keys = [{"known_as": each.known_as, "identity": each.identity, "keys": [HOST_KEY]} for each in hosts]
            return json.dumps({"keys": keys, "without_keys": []})
        case "slurm_appliance.site_run", _:
            return json.dumps({"status": "done"})
    raise ValueError(f"{module}: not known to the recording")


#: Runs in place of a virtual environment's Python.
_STAND_IN = """#!/bin/sh
case "$*" in
    "-m slurm_appliance.secrets"* | "-m slurm_appliance.console_keys" | "-m slurm_appliance.site_run")
        shift
        exec {python} -m tests.engine.cluster.recording answer "$@" ;;
    *) exec {python} "$@" ;;
esac
"""


def _services(project: FakeProject) -> dict[str, object]:
    return {"network": project.network, "volume": project.volume, "compute": project.compute, "project": project}


def things_of(project: FakeProject) -> dict[str, Any]:
    """Everything that is in a project."""
    found: dict[str, Any] = {"compute.key_pairs": project.compute.key_pairs}
    for name, service in _services(project).items():
        for attribute, value in vars(service).items():
            if isinstance(value, Collection):
                found[f"{name}.{attribute}"] = value.things
    return found


def put_things(project: FakeProject, things: Mapping[str, Any]) -> None:
    """The reverse: what a project has is what was recorded, and nothing else."""
    mine = things_of(project)
    assert mine.keys() == things.keys(), "the recording is of another kind of fake project"
    for name, each in mine.items():
        each.clear()
        each.update(things[name])


def _portable(deployment: dict[str, Any]) -> dict[str, Any]:
    """A state without what is of one machine: its passphrase, and places in the program, which are not compared."""
    del deployment["secrets_providers"]
    for resource in deployment["resources"]:
        for name in ("sourcePosition", "stackTrace"):
            resource.pop(name, None)
    return deployment


def use_fixed_answers(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have commands that need nodes, or make secrets, print fixed values."""
    stand_in = folder / "venv" / "bin" / "python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(_STAND_IN.format(python=sys.executable))
    stand_in.chmod(0o755)
    real = Toolchain.variables
    variables = {"VIRTUAL_ENV": str(stand_in.parent.parent)}
    patch.setattr(Toolchain, "variables", lambda pieces: {**real(pieces), **variables})


def record(folder: Path) -> dict[str, Any]:
    """Bring up the recorded settings in a new project, and return all that there is then."""
    with FakeProject().serving() as project, pytest.MonkeyPatch.context() as patch:
        furnish(project)
        use(project, folder, patch)
        use_fixed_answers(folder, patch)
        rig = Rig(folder, excluded=())
        rig.settings = RECORDED_SETTINGS
        rig.up()
        session = rig.session()
        whole = {
            "settings": rig.settings,
            "deployment": _portable(dict(session.stack.export_stack().deployment or {})),
            "project": things_of(project),
        }
        text = json.dumps(whole, indent=1, sort_keys=True)
        text = text.replace(str(folder), _FOLDER).replace(project.api.url, _CLOUD)
    recorded: dict[str, Any] = json.loads(text)
    return recorded


@contextmanager
def replayed(recording: Path, folder: Path) -> Iterator[Rig]:
    """The environment of a recording, as if it had been made here."""
    with FakeProject().serving() as project, pytest.MonkeyPatch.context() as patch:
        use(project, folder, patch)
        text = recording.read_text().replace(_FOLDER, str(folder)).replace(_CLOUD, project.api.url)
        whole = json.loads(text)
        put_things(project, whole["project"])
        rig = Rig(folder, excluded=())
        rig.settings = whole["settings"]
        session = rig.session()
        state = session.stack.export_stack()
        state.deployment = whole["deployment"] | {"secrets_providers": (state.deployment or {})["secrets_providers"]}
        session.stack.import_stack(state)
        yield rig


def main() -> int:
    """Record to a file, or answer in place of a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    if str(given.file) == "answer":
        module, *arguments = given.arguments
        sys.stdout.write(_answer(module, arguments, "" if sys.stdin.isatty() else sys.stdin.read()))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        given.file.write_text(json.dumps(record(Path(folder)), indent=1, sort_keys=True) + os.linesep)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The folder of an environment on the deploy host: inventory, secrets for Ansible, known hosts, logs.

It lies outside the checkout, and everything in it but the logs follows from the stack. So it is written by commands of
the stack, when what they write changes, and also when the folder is gone or somebody changed a file: a **token** that
lies beside each part, and is one of the command's inputs, is new in that case.

Standard library only: each part is written by ``python -m slurm_appliance.environment``, which takes a request on
standard input, because part of what is written is secret.
"""

import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.deploy_host.files import write_whole
from toolchain.paths import state_folder


@dataclass(frozen=True)
class EnvironmentFolder:
    """The folder of one environment, and what is where in it."""

    folder: Path

    @classmethod
    def of(cls, stack: str) -> "EnvironmentFolder":
        """That of a stack."""
        return cls(state_folder("environments", stack))

    @property
    def inventory(self) -> Path:
        """The folder that is handed to Ansible as its inventory."""
        return self.folder / "inventory"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the nodes."""
        return self.folder / "known_hosts"

    @property
    def logs(self) -> Path:
        """Logs of runs; the newest is the one with the greatest name."""
        return self.folder / "logs"

    @property
    def passphrase(self) -> Path:
        """What the state's secrets are encrypted with, where the user gave nothing else."""
        return self.folder / "passphrase"

    def token(self, part: str) -> str:
        """What a part was last written under; a new one where its files are not there as they were written."""
        try:
            record = json.loads(self._record(part).read_text())
            digests, token = record["digests"], str(record["token"])
        except (OSError, ValueError, KeyError, TypeError):
            return secrets.token_hex(8)
        if all(_digest(self.folder / name) == digest for name, digest in digests.items()):
            return token
        return secrets.token_hex(8)

    def write(self, part: str, token: str, files: Mapping[str, str]) -> list[str]:
        """Write the files of a part, each whole or not at all; those that it had before and has no more are removed.

        Args:
            part: ``inventory`` or ``secrets``.
            token: see token().
            files: text by path within the folder.

        Returns:
            The paths that changed.
        """
        before = self._written(part)
        changed = [name for name, text in files.items() if _digest(self.folder / name) != _text_digest(text)]
        for name in changed:
            write_whole(self.folder / name, files[name])
        for name in before - files.keys():
            (self.folder / name).unlink(missing_ok=True)
        record = {"token": token, "digests": {name: _text_digest(text) for name, text in files.items()}}
        write_whole(self._record(part), json.dumps(record, indent=1, sort_keys=True))
        return sorted({*changed, *(before - files.keys())})

    def marker(self, file: Path) -> str:
        """What a file that others write, too, was last begun under; a new one where there is no such file."""
        marker = self._marker(file)
        return marker.read_text() if file.exists() and marker.exists() else secrets.token_hex(8)

    def mark(self, file: Path, token: str) -> None:
        """Remember what a file was begun under."""
        write_whole(self._marker(file), token)

    def _marker(self, file: Path) -> Path:
        return self.folder / f".{file.name}.token"

    def _written(self, part: str) -> set[str]:
        try:
            return set(json.loads(self._record(part).read_text())["digests"])
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def _record(self, part: str) -> Path:
        return self.folder / f".{part}.json"


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    """Write the part that the request on standard input asks for; says what changed, never what is in it."""
    request = json.load(sys.stdin)
    changed = EnvironmentFolder(Path(request["folder"])).write(request["part"], request["token"], request["files"])
    print(json.dumps({"changed": changed}))
    return 0

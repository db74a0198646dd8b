"""The folder of an environment on the deploy host: inventory, secrets for Ansible, known hosts, logs.

It is outside the checkout, and everything in it except the logs is derived from the stack. So commands of the stack
write it when its content changes, and also when the folder is missing or a file was changed: in that case a **token**
next to each part, which is one of the command's inputs, is new.

Standard library only: ``python -m slurm_appliance.environment`` writes each part from a request on standard input,
because the content is partly secret.
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
    """The folder of one environment, and the paths in it."""

    folder: Path

    @classmethod
    def of(cls, stack: str) -> "EnvironmentFolder":
        """The folder of a stack."""
        return cls(state_folder("environments", stack))

    @property
    def inventory(self) -> Path:
        """Ansible's inventory folder."""
        return self.folder / "inventory"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the nodes."""
        return self.folder / "known_hosts"

    @property
    def logs(self) -> Path:
        """Logs of runs; the newest has the greatest name."""
        return self.folder / "logs"

    @property
    def passphrase(self) -> Path:
        """The default passphrase of the state's secrets."""
        return self.folder / "passphrase"

    def token(self, part: str) -> str:
        """The token of a part's last write; a new one if its files are missing or changed."""
        try:
            record = json.loads(self._record(part).read_text())
            digests, token = record["digests"], str(record["token"])
        except (OSError, ValueError, KeyError, TypeError):
            return secrets.token_hex(8)
        if all(_digest(self.folder / name) == digest for name, digest in digests.items()):
            return token
        return secrets.token_hex(8)

    def write(self, part: str, token: str, files: Mapping[str, str]) -> list[str]:
        """Write the files of a part atomically, and remove its obsolete files.

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
        """The token of a file that is also written by others; a new one if the file is missing."""
        marker = self._marker(file)
        return marker.read_text() if file.exists() and marker.exists() else secrets.token_hex(8)

    def mark(self, file: Path, token: str) -> None:
        """Record the token of a file."""
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
    """Write the part in the request on standard input; print what changed, but no content."""
    request = json.load(sys.stdin)
    changed = EnvironmentFolder(Path(request["folder"])).write(request["part"], request["token"], request["files"])
    print(json.dumps({"changed": changed}))
    return 0

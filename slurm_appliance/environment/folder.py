"""The folder of an environment on the deploy host: inventory, secrets for Ansible, known hosts, logs.

It is outside the checkout, and everything in it except the logs is derived from the stack. The state records its
content, and nothing of the machine: the same state serves several machines. So a change makes commands of the stack
write it, and each ``up`` writes what is missing or differs on the machine that it runs on.

Standard library only: ``python -m slurm_appliance.environment`` writes each part from a request on standard input,
because the content is partly secret.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.deploy_host.files import write_whole
from toolchain.paths import state_folder

#: Files that are written together.
PARTS = ("inventory", "secrets")


@dataclass(frozen=True)
class EnvironmentFolder:
    """The folder of one environment, and the paths in it."""

    folder: Path

    @classmethod
    def of(cls, stack: str) -> "EnvironmentFolder":
        """The folder of a stack."""
        return cls(state_folder("environments", stack))

    @property
    def name(self) -> str:
        """The environment's name: the stack's."""
        return self.folder.name

    @property
    def inventory(self) -> Path:
        """Ansible's inventory folder."""
        return self.folder / "inventory"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the nodes."""
        return self.folder / "known_hosts"

    @property
    def rendered(self) -> Path:
        """Files that runs of site.yml render for nodes."""
        return self.folder / "site"

    @property
    def logs(self) -> Path:
        """Logs of runs; the newest has the greatest name."""
        return self.folder / "logs"

    @property
    def passphrase(self) -> Path:
        """The default passphrase of the state's secrets."""
        return self.folder / "passphrase"

    def write(self, part: str, files: Mapping[str, str]) -> list[str]:
        """Write the files of a part that are missing or differ, each atomically, and remove its obsolete files.

        Args:
            part: one of `PARTS`.
            files: text by path within the folder.

        Returns:
            The paths that changed.

        Raises:
            OSError: a file cannot be written.
        """
        before = self._written(part)
        digests = {name: _text_digest(text) for name, text in files.items()}
        changed = [name for name, digest in digests.items() if _digest(self.folder / name) != digest]
        for name in changed:
            write_whole(self.folder / name, files[name])
        for name in before.keys() - files.keys():
            (self.folder / name).unlink(missing_ok=True)
        if before != digests:
            write_whole(self._record(part), json.dumps({"digests": digests}, sort_keys=True))
        return sorted({*changed, *(before.keys() - files.keys())})

    def is_intact(self) -> bool:
        """Whether all parts are there as they were written."""
        parts = [self._written(part) for part in PARTS]
        return all(parts) and all(_digest(self.folder / name) == of for part in parts for name, of in part.items())

    def recorded_state(self) -> str:
        """The digest of the state that the files are of; empty if not known."""
        return _text(self._state)

    def record_state(self, digest: str) -> None:
        """Record which state of the stack the files are of."""
        write_whole(self._state, digest)

    def recorded_comparison(self) -> str:
        """The digest of what the last whole comparison depended on; empty if not known."""
        return _text(self._comparison)

    def record_comparison(self, digest: str) -> None:
        """Record what it depended on; empty if that is not known."""
        write_whole(self._comparison, digest)

    @property
    def _comparison(self) -> Path:
        return self.folder / ".compared"

    @property
    def _state(self) -> Path:
        return self.folder / ".state"

    def _written(self, part: str) -> dict[str, str]:
        try:
            return dict(json.loads(self._record(part).read_text())["digests"])
        except (OSError, ValueError, LookupError, TypeError):
            return {}

    def _record(self, part: str) -> Path:
        return self.folder / f".{part}.json"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


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
    changed = EnvironmentFolder.of(request["environment"]).write(request["part"], request["files"])
    print(json.dumps({"changed": changed}))
    return 0

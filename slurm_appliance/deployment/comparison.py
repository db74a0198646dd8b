"""A run's use of what was compared before: see `compared.py`."""

import hashlib
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from slurm_appliance.config import environment_of
from slurm_appliance.config.compute_init import CONTEXT, own_entries_in
from slurm_appliance.config.stack_file import document_in, text_of
from slurm_appliance.deploy_host.tree_digest import tree_digest
from slurm_appliance.deployment.compared import CLOUD, ProgramInputs, digest_of
from slurm_appliance.deployment.session import Session
from slurm_appliance.errors import ApplianceError
from slurm_appliance.preflight import Resolved
from slurm_appliance.site_repository.entries import own_entries
from toolchain.paths import REPOSITORY

#: The code of the program.
_CODE = ("components", "node", "slurm_appliance", "toolchain")


class Comparison:
    """One run's view of what was compared before. Made before the program reads its settings."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = _files(session)
        self._program = _program_inputs(session, self._files)

    def untouched(self, resolved: Resolved, deployment: Mapping[str, Any]) -> tuple[str, ...]:
        """The URNs, as a pattern, that need no comparison: the cloud's resources, or nothing."""
        known = self._session.folder.recorded_comparison()
        return (CLOUD,) if known and known == self._digest(resolved, deployment) else ()

    def forget(self) -> None:
        """Let the next run compare everything: this one may leave something half done."""
        self._session.folder.record_comparison("")

    def record(self, resolved: Callable[[], Resolved]) -> None:
        """Record that everything was compared with the state as it is now, and applied.

        Nothing is recorded if the operator changed files meanwhile: the program may have read either. A run that has
        succeeded does not fail for this.

        Args:
            resolved: tells what names stand for after the run.
        """
        try:
            if _files(self._session) == self._files:
                digest = self._digest(resolved(), self._session.deployment())
                self._session.folder.record_comparison(digest or "")
        except (ApplianceError, OSError) as error:
            self._session.say(f"the next up compares everything again: {error}")

    def _digest(self, resolved: Resolved, deployment: Mapping[str, Any]) -> str | None:
        """The digest; None if the program's inputs are not known, or while there are images to build."""
        if self._program is None or None in resolved.images.values():
            return None
        return digest_of(self._program, resolved, deployment.get("resources") or (), self._session.excluded)


@dataclass(frozen=True)
class _Files:
    """What the program reads, as it is now.

    Attributes:
        text: the stack file.
        code: the digest of the program's code.
        public_key: the operator's key file; empty without one, None if it cannot be read.
        own_entries: what the site's own roles add to a setting's values.
    """

    text: str
    code: str
    public_key: str | None
    own_entries: tuple[str, ...]


def _files(session: Session) -> _Files:
    name, key = session.config.key_pair.public_key_file, None
    # The program explains why a key cannot be read.
    with suppress(OSError, UnicodeDecodeError):
        key = "" if name is None else (session.stacks.resolve().parent / Path(name).expanduser()).read_text()
    own = own_entries_in({CONTEXT: own_entries(session.source.parent, environment_of(session.source))})
    return _Files(text_of(session.source), _code(), key, own)


def _program_inputs(session: Session, files: _Files) -> ProgramInputs | None:
    """What the program makes of them; None if the session's configuration is of another text, or they are not all."""
    if files.text != session.text or files.own_entries != session.config.own_entries or files.public_key is None:
        return None
    document, _problems = document_in(files.text, str(session.source))
    # Environments of Pulumi ESC have settings, too.
    if "environment" in document:
        return None
    return ProgramInputs(files.code, document["config"], files.own_entries, files.public_key)


def _code() -> str:
    trees = [tree_digest(REPOSITORY / name) for name in _CODE]
    texts = [(REPOSITORY / name).read_text() for name in ("__main__.py", "Pulumi.yaml")]
    packages = [version(name) for name in ("pulumi", "pulumi-command", "pulumi-openstack")]
    return hashlib.sha256("\0".join([sys.version, *packages, *trees, *texts]).encode()).hexdigest()

"""One run. Each final state has a name, a sentence, and an exit status for systemd."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from node.ansible_init import playbook, result
from node.ansible_init.boot import Terminated, boot_id, raise_on_sigterm
from node.ansible_init.metadata import Metadata, MetadataError
from node.ansible_init.result import DONE, FAILED, RUNNING, SKIPPED
from node.ansible_init.unsafe import unsafe
from node.compute_init import layer_collections
from node.compute_init.applied import given, read_applied, write_applied
from node.compute_init.bundle import Bundle, BundleError
from node.compute_init.fetch import fetch
from node.compute_init.followed import Followed
from node.compute_init.kept import KeptFiles
from node.compute_init.record import ComputeInitRecord, read_record
from node.compute_init.roles import RoleDecision, RoleDigests, RoleInputs, decide_roles, declared_inputs, role_digests
from node.compute_init.settings import ComputeInitSettings
from node.compute_init.share import STATE_DIR, AbsentError, Share, ShareError, TooLargeError, nodes_folder
from node.compute_init.signature import METADATA, SignatureError, Statement, is_key
from node.compute_init.site_layer import FILE as LAYER_FILE
from node.compute_init.site_layer import (
    FILES,
    FILES_VARIABLE,
    GROUP_VARS,
    ROLES,
    ROLES_PLAYBOOK,
    NodeLayer,
    SiteLayerPathError,
    course,
)
from node.compute_init.units import active_units, watched_units

#: The metadata flag that enables compute-init: an entry of compute_init_enable, like the names of the roles.
ENABLE = "compute"
#: The folder of the site's own layer, within the bundle's.
LAYER = "layer"


class FailureError(Exception):
    """Raised to end a run as failed; ``state`` is its name."""

    def __init__(self, state: str, text: str) -> None:
        super().__init__(text)
        self.state = state


def main(settings: ComputeInitSettings, log: Callable[[str], None]) -> int:
    """Run and return the exit status: 0 if no retry is needed."""
    raise_on_sigterm()
    with alone(settings.lock):
        return _main(ComputeInitRun(settings, log))


def _main(run: ComputeInitRun) -> int:
    try:
        run.go()
    except FailureError as failure:
        run.fail(failure.state, str(failure))
    except Terminated:
        run.fail("stopped", "stopped by SIGTERM before it finished (systemctl stop, or the unit's TimeoutStartSec)")
    except Exception as error:
        run.fail("unexpected", f"unexpected {type(error).__name__}; see the traceback in the journal")
        raise
    return 1 if run.state.status == FAILED else 0


class ComputeInitRun:
    """One run; ``state`` is the last content of the result file."""

    def __init__(self, settings: ComputeInitSettings, log: Callable[[str], None]) -> None:
        self.settings = settings
        self.log = log
        self.node = socket.gethostname().partition(".")[0]
        self.former = read_record(settings.result)
        former = self.former or ComputeInitRecord("", "")
        self.state = ComputeInitRecord(
            RUNNING,
            started=result.now(),
            step="metadata",
            boot_id=boot_id(),
            serial=former.serial,
            bundle_key=former.bundle_key,
        )

    def go(self) -> None:
        """Read metadata, decide, fetch, run.

        Raises:
            FailureError: the run fails; has its final state.
        """
        self._write()
        try:
            metadata = self.settings.source.read(self.log)
        except MetadataError as error:
            raise FailureError("metadata", str(error)) from error
        self.state = replace(self.state, instance_id=metadata.instance_id)
        if not metadata.flag(ENABLE):
            self._end(SKIPPED, "not-enabled", f"metadata has no {ENABLE}=true: compute-init is disabled on this node")
            return
        server = _needed(metadata, "control_address")
        key = _needed(metadata, METADATA)
        if not is_key(key):
            raise FailureError("metadata", f"metadata: {METADATA} is not an OpenSSH Ed25519 key: run pulumi up")
        self._step("fetch")
        try:
            folder = nodes_folder(metadata.meta.get("state_dir", STATE_DIR))
            followed = Followed(server, folder, self.node, metadata.instance_id)
            followed.write(self.settings.followed)
            bundle = self._fetch(self.settings.share(server, self.node, folder), key, metadata.instance_id)
        except AbsentError as error:
            self._end(
                SKIPPED, "not-exported",
                f"{server} has no variables for this node yet: waiting for site.yml ({error})",
            )  # fmt: skip
            return
        if bundle is None:
            self._end(DONE, "unchanged", "already set up in this boot with the same variables", bundle=self._known())
            return
        replace(followed, seconds=bundle.follow_seconds).write(self.settings.followed)
        self._keep(bundle)
        self._run(bundle, metadata, server)
        self._end(DONE, "done", "set up, slurmd is registered", bundle=bundle.digest)

    def fail(self, state: str, error: str) -> None:
        """End the run as failed in the current step."""
        self.state = self.state.failed(state, error)
        self._write()
        self.log(f"failed: {self.state.step}: {error}")

    def _fetch(self, share: Share, key: str, instance_id: str) -> Bundle | None:
        """Retry until there is a signed, complete bundle for this node, or the timeout expires; None if it is known."""

        def accepted(statement: Statement) -> None:
            self.state = replace(self.state, serial=statement.serial, bundle_key=key)

        def looked(digest: str) -> None:
            self.state = replace(self.state, signed=digest)

        end = time.monotonic() + self.settings.share_timeout
        pause = self.settings.first_pause
        kept = KeptFiles(self.settings.kept)
        while True:
            try:
                seen, known = self.state.seen(key), self._known()
                return fetch(share, key, self.node, instance_id, seen, accepted, kept, known=known, looked=looked)
            except AbsentError:
                raise
            except SignatureError as error:
                state, problem = "wrong-signature", f"{share.server}: {error}"
            except TooLargeError as error:
                state, problem = "wrong-bundle", str(error)
            except ShareError as error:
                state, problem = "unreachable", str(error)
            except BundleError as error:
                state, problem = "wrong-bundle", str(error)
            if time.monotonic() + pause > end:
                raise FailureError(state, f"{problem}; gave up after {self.settings.share_timeout:.0f} s")
            self.log(f"{problem}; next attempt in {pause:.0f} s")
            self.state = replace(self.state, reason=problem)
            self._write()
            time.sleep(pause)
            pause = min(pause * 2, self.settings.longest_pause)

    def _keep(self, bundle: Bundle) -> None:
        try:
            KeptFiles(self.settings.kept).keep(bundle.kept)
        except OSError as error:
            self.log(f"files are not kept for the next boot: {error}")

    def _known(self) -> str:
        """Digest of the bundle that this node was set up with in this boot; empty if it must be set up."""
        former = self.former
        if self.settings.force or former is None or (former.status, former.boot_id) != (DONE, self.state.boot_id):
            return ""
        return former.bundle

    def _run(self, bundle: Bundle, metadata: Metadata, server: str) -> None:
        with _private_folder(self.settings.work) as folder:
            for name, content in bundle.files.items():
                (folder / name).write_bytes(content)
            # The bundle comes from the stack and may contain templates; metadata is only data.
            own = unsafe(
                {
                    "control_address": server,
                    "compute_init_folder": str(folder),
                    "compute_init_owed": str(self.settings.owed),
                    "compute_init_roles": sorted(key for key in metadata.meta if metadata.flag(key)),
                }
            )
            variables: dict[str, Any] = {**bundle.variables, **own}
            layer = _layer(bundle)
            if layer is not None:
                self._write_layer(layer, bundle.files, folder / LAYER)
            decision, wanted = self._decide(bundle, variables)
            # Not among the inputs that the decision compares: it says nothing about what the cluster wants.
            variables["site_interrupted"] = self._interrupted()
            # From here on, it is not true any more, however this run ends.
            self.settings.applied.unlink(missing_ok=True)
            for name, playbooks in course(self.settings.playbook, self.settings.rejoin, layer, folder / LAYER):
                self._step(name)
                if self.settings.playbook in playbooks:
                    self.settings.owed.touch()
                self._play(playbooks, variables, folder, layer, decision.skip_tags)
            write_applied(self.settings.applied, replace(wanted, units=self._units()))

    def _interrupted(self) -> list[str]:
        """The roles whose handlers a run in this boot owes: they restart their services.

        A retry finds the files as that run has written them, and would notify no handler. A run that failed before the
        roles, or after their handlers, owes nothing: a retry each minute must not restart slurmd under jobs.
        """
        return sorted(self._declared()) if self.settings.owed.exists() else []

    def _declared(self) -> dict[str, RoleInputs]:
        try:
            return declared_inputs(self.settings.declared.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _decide(self, bundle: Bundle, variables: dict[str, Any]) -> tuple[RoleDecision, RoleDigests]:
        """Which roles run, and what is applied if they succeed."""
        roles = self._declared()
        inputs = given(variables, bundle, self.settings.installed, self.state.boot_id)
        wanted = replace(role_digests(roles, inputs), units=self._units())
        former = read_applied(self.settings.applied) if self._known() else None
        decision = decide_roles(roles, wanted, former)
        for line in decision.lines:
            self.log(line)
        return decision, wanted

    def _units(self) -> tuple[str, ...]:
        return active_units(watched_units(self.settings.roles, self.settings.units), self.settings.list_units)

    def _play(
        self,
        playbooks: Sequence[Path],
        variables: dict[str, Any],
        folder: Path,
        layer: NodeLayer | None,
        skip_tags: Sequence[str],
    ) -> None:
        """Run playbooks of ours, or of the layer, with what it has: a hook has no variable but the layer's own."""
        roles: tuple[Path, ...] = ()
        collections = None
        if layer is not None and playbooks[0].is_relative_to(folder / LAYER):
            roles, skip_tags = (self.settings.roles, folder / LAYER / ROLES), ()
            collections = folder / LAYER / layer_collections.FOLDER if layer.collections else None
            own = unsafe({FILES_VARIABLE: str(folder / LAYER / FILES)})
            declared = playbooks[0] == folder / LAYER / ROLES_PLAYBOOK
            variables = {**variables, **own} if declared else {**unsafe(layer.variables), **own}
        try:
            playbook.run(playbooks, variables, self.settings.program, folder, roles, skip_tags, collections)
        except playbook.PlaybookError as error:
            raise FailureError("role-failed", str(error)) from error

    def _write_layer(self, layer: NodeLayer, files: Mapping[str, bytes], folder: Path) -> None:
        try:
            layer.write(folder, self.settings.playbook.parent / GROUP_VARS)
            if layer.collections:
                layer_collections.unpack(files.get(layer_collections.FILE, b""), folder / layer_collections.FOLDER)
        except SiteLayerPathError as error:
            raise FailureError("wrong-bundle", f"{error}: run site.yml") from error

    def _step(self, name: str) -> None:
        self.state = replace(self.state, step=name, reason="")
        self._write()
        self.log(name)

    def _end(self, status: str, state: str, reason: str, bundle: str = "") -> None:
        self.state = self.state.ended_as(status, state, reason, bundle)
        self._write()
        self.log(f"{state}: {reason}")

    def _write(self) -> None:
        result.write(self.settings.result, self.state)


def _layer(bundle: Bundle) -> NodeLayer | None:
    """The site's own layer in a bundle; None for none.

    Raises:
        FailureError: it cannot be used.
    """
    if LAYER_FILE not in bundle.files:
        return None
    try:
        return NodeLayer.of(bundle.files[LAYER_FILE])
    except SiteLayerPathError as error:
        raise FailureError("wrong-bundle", f"{error}: use matching image and site.yml") from error


def _needed(metadata: Metadata, name: str) -> str:
    """A metadata value that the stack sets on each compute node."""
    value = metadata.meta.get(name, "")
    if not value:
        raise FailureError("metadata", f"metadata has no {name}: run pulumi up")
    return value


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock, which ends with this process; wait for another run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _private_folder(path: Path) -> Iterator[Path]:
    """A folder in memory for secrets, accessible only by root, during the context."""
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    os.umask(0o077)
    try:
        yield path
    finally:
        shutil.rmtree(path)

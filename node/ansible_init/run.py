"""One run: decides from facts alone, then acts; each change of state is recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from node.ansible_init import playbook, result
from node.ansible_init.boot import Terminated, boot_id, raise_on_sigterm
from node.ansible_init.metadata import Metadata, MetadataError, MetadataSource
from node.ansible_init.result import DONE, FAILED, RUNNING, SKIPPED, PlaybookResult, Result
from node.ansible_init.unsafe import unsafe

#: The metadata key that disables ansible-init: set on build servers.
DISABLE = "ansible_init_disable"


@dataclass(frozen=True)
class AnsibleInitSettings:
    """The inputs and outputs of a run.

    Attributes:
        source: the sources of metadata.
        playbooks: folder of the playbooks, which run in order of their names.
        result: the file for the result.
        image: the image's record with its build.
        program: the ansible-playbook to call.
    """

    source: MetadataSource = field(default_factory=MetadataSource)
    playbooks: Path = Path("/etc/ansible-init/playbooks")
    result: Path = Path("/var/lib/ansible-init/result.json")
    image: Path = Path("/var/lib/image/image.json")
    program: str = "ansible-playbook"


@dataclass(frozen=True)
class RunDecision:
    """What to do and why: ``leave`` the last result, ``skip``, or ``run`` the playbooks."""

    kind: str
    reason: str


def decide(metadata: Metadata, former: Result | None, image_build: str, playbooks: Sequence[str]) -> RunDecision:
    """Choose from facts alone: the server's metadata, the last result, the image's build, the existing playbooks."""
    if former is not None and former.settles(metadata.instance_id, image_build):
        return RunDecision("leave", f"already done at {former.ended} for this server on this image")
    if metadata.flag(DISABLE):
        return RunDecision("skip", f"metadata {DISABLE}={metadata.meta[DISABLE]}")
    if not playbooks:
        return RunDecision("skip", "the image has no playbooks for ansible-init")
    if former is None:
        return RunDecision("run", "first boot of this image")
    if (former.instance_id, former.image_build) != (metadata.instance_id, image_build):
        return RunDecision("run", "the last result belongs to another server or image")
    reasons = {FAILED: f"the last run failed in {former.step}", RUNNING: "the last run was interrupted"}
    return RunDecision("run", reasons.get(former.status, f"the last run was {former.status}: {former.reason}"))


def main(settings: AnsibleInitSettings, log: Callable[[str], None]) -> int:
    """Run and return the exit status: 0 for done, skipped and nothing left to do."""
    raise_on_sigterm()
    run = AnsibleInitRun(settings, log)
    try:
        run.go()
    except Terminated:
        run.fail("stopped by SIGTERM before it finished (systemctl stop, or the unit's TimeoutStartSec)")
    except Exception as error:
        run.fail(f"unexpected {type(error).__name__}; see the traceback in the journal")
        raise
    return 1 if run.state.status == FAILED else 0


class AnsibleInitRun:
    """One run; ``state`` is the last content of the result file."""

    def __init__(self, settings: AnsibleInitSettings, log: Callable[[str], None]) -> None:
        self.settings = settings
        self.log = log
        self.former = result.read(settings.result)
        self.state = Result(
            RUNNING,
            started=result.now(),
            step="metadata",
            image_build=_image_build(settings.image),
            boot_id=boot_id(),
        )

    def go(self) -> None:
        """Read metadata, decide, act."""
        if self.former is None or self.former.status != DONE:
            self._write()
        try:
            metadata = self.settings.source.read(self.log)
        except MetadataError as error:
            if self.former is not None and self.former.status == DONE:
                # A reboot while the metadata service is unavailable: nothing indicates work to do.
                self.state = self.former
                self.log(f"leave: done at {self.former.ended}, and {error}")
            else:
                self.fail(str(error))
            return
        self.state = replace(self.state, instance_id=metadata.instance_id)
        found = _playbooks(self.settings.playbooks)
        action = decide(metadata, self.former, self.state.image_build, [each.name for each in found])
        self.log(f"{action.kind}: {action.reason}")
        if action.kind == "skip":
            self.state = self.state.finished(SKIPPED, step="", reason=action.reason)
            self._write()
        elif action.kind == "run":
            self._run(found, metadata)

    def fail(self, error: str) -> None:
        """End the run as failed in the current step."""
        self.state = self.state.finished(FAILED, error=error)
        self._write()
        self.log(f"failed: {self.state.step}: {error}")

    def _run(self, playbooks: Sequence[Path], metadata: Metadata) -> None:
        for each in playbooks:
            self.state = replace(self.state, step=each.name)
            self._write()
            self.log(f"playbook {each.name}")
            started = time.monotonic()
            failure = ""
            try:
                playbook.run([each], _variables(metadata, self.state), self.settings.program)
            except playbook.PlaybookError as error:
                failure = str(error)
            step = PlaybookResult(each.name, FAILED if failure else DONE, round(time.monotonic() - started, 1))
            self.state = replace(self.state, steps=(*self.state.steps, step))
            if failure:
                self.fail(failure)
                return
        self.state = self.state.finished(DONE, step="")
        self._write()
        self.log("done")

    def _write(self) -> None:
        result.write(self.settings.result, self.state)


def _variables(metadata: Metadata, state: Result) -> dict[str, Any]:
    """The variables for each playbook; text from the cloud is never a template."""
    variables: dict[str, Any] = unsafe(
        {
            "ansible_init_instance_id": metadata.instance_id,
            "ansible_init_server_name": metadata.name,
            "ansible_init_metadata": metadata.meta,
            "ansible_init_image_build": state.image_build,
        }
    )
    return variables


def _playbooks(folder: Path) -> list[Path]:
    return sorted((each for each in folder.glob("*") if each.suffix in {".yml", ".yaml"}), key=lambda each: each.name)


def _image_build(record: Path) -> str:
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["build"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""

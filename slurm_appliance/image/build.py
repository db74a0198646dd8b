"""Builds an image, reuses a matching one, or waits for a running build; removes everything else that it created."""

import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from slurm_appliance.cloud.image_names import new_build_id
from slurm_appliance.deploy_host.run_log import KEPT_RUNS
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image import claims, content, images, leftovers
from slurm_appliance.image import plan as planning
from slurm_appliance.image.claims import BuildFolder, Mark
from slurm_appliance.image.construction import BuildRun, Tools
from slurm_appliance.image.errors import StoppedError
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.plan import BuildDecisionKind, Claim
from slurm_appliance.image.spec import ImageBuild
from slurm_appliance.image.stop import Deadline

#: Interval for polling another build, in seconds.
_PAUSE = 5.0
#: Timeout for removing what was created, in seconds; signals do not shorten it.
_CLEANING = 600.0
#: Builds whose logs are kept on this machine.


@dataclass(frozen=True)
class BuildOutcome:
    """The outcome of a build.

    Attributes:
        image_id: its id.
        name: its name.
        built: whether this run built it.
        reason: why it was built, or not.
        seconds: duration of each step.
        log: Ansible's log, if this run built it.
    """

    image_id: str
    name: str
    built: bool
    reason: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    log: str = ""


class Builder:
    """Builds images on one cloud from one machine.

    Args:
        tools: the tools of builds.
        build_folder: folder of builds on this machine.
        ansible: folder of the playbooks and roles.
    """

    def __init__(self, tools: Tools, build_folder: BuildFolder, ansible: Path = content.ANSIBLE) -> None:
        self._tools = tools
        self._api = tools.api
        self._deadline = tools.deadline
        self._progress = tools.progress
        self._build_folder = build_folder
        self._ansible = ansible

    def ensure(self, build: ImageBuild, *, force: bool = False) -> BuildOutcome:
        """The image of a build, built if missing.

        Args:
            build: the requested build.
            force: build even if the image exists; one that another build finishes meanwhile is accepted.

        Raises:
            ApplianceError: the build failed; everything of it was removed unless the error says otherwise.
        """
        base = images.find(self._api, build.base)
        name = content.image_name(build, base.identity, self._ansible)
        since = self._api.call("image", "GET", "/images", query={"limit": "1"}).time if force else None
        self._progress.say(f"image {name}")
        waiting_for = ""
        while True:
            marks = claims.listed(self._api, self._build_folder)
            self._clear_up(marks)
            action = self._decide(name, since, marks)
            if action.kind is BuildDecisionKind.USE and action.image is not None:
                self._progress.say(f"use: {action.reason}")
                return BuildOutcome(action.image.id, name, built=False, reason=action.reason)
            if action.kind is BuildDecisionKind.WAIT and action.claim is not None:
                if action.claim.build != waiting_for:
                    self._progress.say(f"wait: {action.reason}")
                    waiting_for = action.claim.build
                self._deadline.sleep(_PAUSE)
                continue
            outcome = self._try_to_build(build, base, name, since, action.reason)
            if outcome is not None:
                return outcome

    def _decide(
        self, name: str, since: datetime | None, marks: Sequence[Claim], own_build: str = ""
    ) -> planning.BuildDecision:
        known = [
            planning.ListedImage(image.id, image.status, image.created) for image in images.ours_named(self._api, name)
        ]
        return planning.decide(name, known, marks, force_since=since, own_build=own_build)

    def _clear_up(self, marks: Sequence[Claim]) -> None:
        for claim in planning.abandoned(marks):
            try:
                leftovers.remove_abandoned(self._api, self._build_folder, claim, self._deadline, self._progress.say)
            except StoppedError:
                raise
            except ApplianceError as error:
                # A stuck volume of one build must not block all others.
                self._progress.say(f"some leftovers could not be removed: {error}")

    def _try_to_build(
        self, build: ImageBuild, base: GlanceImage, name: str, since: datetime | None, reason: str
    ) -> BuildOutcome | None:
        """Build, or return None if another build was faster."""
        build_id = new_build_id()
        with self._build_folder.locked(build_id) as folder:
            mark = Mark(self._api, build_id, name, self._build_folder)
            mark.place()
            marks = claims.listed(self._api, self._build_folder)
            if self._decide(name, since, marks, own_build=build_id).kind is not BuildDecisionKind.BUILD:
                mark.remove()
                shutil.rmtree(folder)
                # A random delay, so that two builds do not collide again.
                self._deadline.sleep(0.5 + secrets.randbelow(2000) / 1000)
                return None
            self._progress.say(f"build {build_id}: {reason}; Ansible's log: {folder / 'ansible.log'}")
            build_run = BuildRun(self._tools, build, base, name, build_id, folder)
            image = self._build_and_remove(build_run, mark)
        _forget_old(self._build_folder.folder)
        return BuildOutcome(image, name, True, reason, dict(self._progress.seconds), str(folder / "ansible.log"))

    def _build_and_remove(self, build_run: BuildRun, mark: Mark) -> str:
        """Build, and in any case remove what was created, unless a failed server must be kept."""
        nothing_left = False
        try:
            with mark.renewed(self._deadline, self._progress.say):
                try:
                    image = build_run.run()
                except Exception as error:
                    if build_run.keep and not (isinstance(error, StoppedError) and error.by_signal):
                        mark.keep()
                    else:
                        nothing_left = self._remove(build_run)
                    raise
                nothing_left = self._remove(build_run)
        finally:
            # Otherwise the mark stays: the next run on any machine finds the leftovers with it.
            if nothing_left:
                self._unmark(mark)
        return image

    def _unmark(self, mark: Mark) -> None:
        try:
            images.delete(self._api.sleeping(Deadline(_CLEANING, "removing the build's mark").sleep), mark.id)
        except ApplianceError as error:
            self._progress.say(f"the build's mark was not removed, the next run does it: {error}")

    def _remove(self, build_run: BuildRun) -> bool:
        """Remove what a build created; return whether everything was removed."""
        cleaning = Deadline(_CLEANING, "removing what the build created")
        api = self._api.sleeping(cleaning.sleep)
        try:
            with self._progress.step("remove"):
                leftovers.remove(api, build_run.id, cleaning, lambda text: self._progress.say(f"  {text}"))
        except ApplianceError as error:
            self._progress.say(f"some leftovers could not be removed: {error}")
            return False
        finally:
            self._build_folder.tidy(build_run.id)
        return True


def _forget_old(folder: Path) -> None:
    builds = sorted(each for each in folder.iterdir() if each.is_dir())
    for each in builds[:-KEPT_RUNS]:
        shutil.rmtree(each, ignore_errors=True)

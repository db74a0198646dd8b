"""An update of a stack, in its parts: which builds take a newer snapshot, their images, the stack file with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from slurm_appliance.config import from_stack_text
from slurm_appliance.config.stack_file import text_of
from slurm_appliance.image.security_tracker import SecurityTracker
from slurm_appliance.update import snapshots
from slurm_appliance.update.images import ImagePlace, UpdatedImage, update_images
from slurm_appliance.update.stack_change import StackChange, changed


@dataclass(frozen=True)
class ImageUpdate:
    """Newer images of a stack.

    Attributes:
        snapshot: the package snapshot that they are of.
        builds: the builds that take it.
        images: the images that nodes boot, before and after; empty until they are built.
    """

    snapshot: str
    builds: tuple[str, ...]
    images: tuple[UpdatedImage, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether any package differs, as far as is known."""
        return not self.images or not all(image.same_packages for image in self.images)


def plan_update(path: Path, snapshot: str | None) -> ImageUpdate:
    """Which builds of a stack file take a snapshot; builds nothing.

    Args:
        path: the stack file.
        snapshot: the snapshot's name; None for one that is made now.

    Raises:
        ConfigError: a snapshot cannot be made here, or the configuration has mistakes.
        UsageError: nothing of this stack is built.
    """
    text = text_of(path)
    before = from_stack_text(text, path)
    builds = snapshots.updated_builds(before)
    if snapshot is None:
        snapshots.refuse_unknown_snapshot(before, builds)
    update = ImageUpdate(snapshot or snapshots.snapshot_now(datetime.now(tz=UTC)), builds)
    from_stack_text(_newer(text, update, path), path)
    return update


def build_update(
    update: ImageUpdate, place: ImagePlace, say: Callable[[str], None], tracker: SecurityTracker | None = None
) -> ImageUpdate:
    """Build the images of an update; the stack file stays as it is.

    Args:
        update: what to build.
        place: the stack file, and where to build.
        say: takes progress, a line at a time.
        tracker: data of the distribution's security tracker.

    Raises:
        ApplianceError: a build failed.
    """
    path, text = place.path, text_of(place.path)
    before, after = from_stack_text(text, path), from_stack_text(_newer(text, update, path), path)
    return replace(update, images=tuple(update_images(before, after, place, say, tracker)))


@contextmanager
def applied(update: ImageUpdate, path: Path) -> Iterator[StackChange]:
    """The stack file with the update's snapshot; put back at the end unless it is kept."""
    with changed(path, _newer(text_of(path), update, path)) as change:
        yield change


def _newer(text: str, update: ImageUpdate, path: Path) -> str:
    return snapshots.with_snapshot(text, update.builds, update.snapshot, str(path))

"""Running builds in the project, on any machine: each has a mark there, which it renews while it is alive.

A mark is an image in Glance without data. It is created before all other resources of a build and removed after them:
with the mark alone, all leftovers of its build can be found by name. A mark is stale if it was not renewed within its
lease, or at once if its build ran on this machine and no longer holds its lock file, so that the next run after a
``kill -9`` does not have to wait.

Two builds of the same image exclude each other: a build creates its mark, then looks for others; if it sees one, it
removes its own and waits. At least one of the two sees the other, as long as Glance shows what it has accepted. If it
does not (lagging replicas), both build, and the newest image wins: only time is lost.
"""

import fcntl
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from getpass import getuser
from pathlib import Path

from slurm_appliance.cloud.image_names import CLAIM_TAG, PROPERTY, resource_name
from slurm_appliance.image import images
from slurm_appliance.image.api import Answer, Api, create_once
from slurm_appliance.image.errors import CloudApiError, StoppedError
from slurm_appliance.image.images import GlanceImage, parse_time
from slurm_appliance.image.plan import Claim
from slurm_appliance.image.stop import Deadline

#: Lease of a mark in seconds.
LEASE = 180.0


class BuildFolder:
    """The folder of builds on this machine: one folder per build, with its lock, keys and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def machine(self) -> str:
        """An ID of this folder, and so of all who can see its locks."""
        path = self.folder / "id"
        try:
            with path.open("x") as file:
                file.write(uuid.uuid4().hex)
        except FileExistsError:
            pass
        return path.read_text()

    def of(self, build: str) -> Path:
        """The folder of a build."""
        return self.folder / build

    @contextmanager
    def locked(self, build: str) -> Iterator[Path]:
        """Create a build's folder and hold its lock; the kernel releases it when this process exits."""
        folder = self.of(build)
        folder.mkdir(mode=0o700)
        handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder
        finally:
            os.close(handle)

    def tidy(self, build: str) -> None:
        """Remove the keys of a finished build; keep its log and the image's record."""
        for name in ("ssh", "ansible"):
            shutil.rmtree(self.of(build) / name, ignore_errors=True)

    def holds(self, build: str) -> bool:
        """Whether a process on this machine is still working on a build."""
        try:
            handle = os.open(self.of(build) / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def listed(api: Api, build_folder: BuildFolder) -> list[Claim]:
    """The marks of all builds in the project."""
    answer = api.call("image", "GET", "/images", query={"tag": CLAIM_TAG, "limit": "200"})
    return [_claim(body, answer, build_folder) for body in answer.body["images"]]


def _claim(body: dict[str, str], answer: Answer, build_folder: BuildFolder) -> Claim:
    mark = GlanceImage.of(body)
    build = mark.ours_property("build")
    idle = answer.time - parse_time(body["updated_at"])
    lease = timedelta(seconds=float(mark.ours_property("lease") or LEASE))
    if mark.ours_property("machine") == build_folder.machine:
        alive = build_folder.holds(build)
        why = "its process is running on this machine" if alive else "its process on this machine has exited"
    else:
        alive = idle <= lease
        why = f"its mark was renewed {idle.total_seconds():.0f} s ago"
    return Claim(
        id=mark.id,
        build=build,
        image=mark.ours_property("image"),
        owner=mark.ours_property("owner"),
        created=mark.created,
        alive=alive,
        kept=mark.ours_property("kept") == "true",
        why=why,
    )


class Mark:
    """The mark of this process's own build."""

    def __init__(self, api: Api, build: str, image: str, build_folder: BuildFolder) -> None:
        self.build = build
        self._api = api
        self._properties = {
            "build": build,
            "image": image,
            "owner": f"{getuser()}@{socket.gethostname()}",
            "machine": build_folder.machine,
            "lease": f"{LEASE:.0f}",
            "renewed": "0",
        }
        self.id = ""

    def place(self) -> datetime:
        """Create the mark; return the cloud's time."""
        body = {
            "name": resource_name(self.build),
            "tags": [CLAIM_TAG],
            "visibility": "private",
            **{PROPERTY + key: value for key, value in self._properties.items()},
        }
        name = {"name": resource_name(self.build), "tag": CLAIM_TAG}
        made = create_once(
            self._api,
            lambda: next(iter(self._api.call("image", "GET", "/images", query=name).body["images"]), None),
            lambda: self._api.call("image", "POST", "/images", json=body, retry=False).body,
        )
        self.id = made["id"]
        return parse_time(made["created_at"])

    def remove(self) -> None:
        """Remove the mark."""
        images.delete(self._api, self.id)

    def keep(self) -> None:
        """Record that the build's server was kept on purpose."""
        patch = [{"op": "add", "path": f"/{PROPERTY}kept", "value": "true"}]
        self._api.call("image", "PATCH", f"/images/{self.id}", json=patch)

    @contextmanager
    def renewed(self, deadline: Deadline, say: Callable[[str], None]) -> Iterator[None]:
        """Renew the mark in the background during the context; stop the build if that fails for long."""
        ended = threading.Event()
        thread = threading.Thread(target=self._renew, args=(deadline, say, ended), name="renew-mark", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew(self, deadline: Deadline, say: Callable[[str], None], ended: threading.Event) -> None:
        last = time.monotonic()
        count = 0
        while not ended.wait(LEASE / 6):
            count += 1
            patch = [{"op": "add", "path": f"/{PROPERTY}renewed", "value": str(count)}]
            try:
                self._api.call("image", "PATCH", f"/images/{self.id}", json=patch, retry=False)
                last = time.monotonic()
            except CloudApiError as error:
                say(f"the build's mark could not be renewed: {error}")
                if error.status == 404 or time.monotonic() - last > LEASE * 2 / 3:
                    deadline.set(StoppedError("the build's mark in the project was removed", remedy="run it again"))
                    return

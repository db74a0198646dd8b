"""What the cloud says about this server: from the metadata service, or else from a config drive."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: OpenStack's metadata, format of the newest version. https://docs.openstack.org/nova/latest/user/metadata.html
SERVICE = "http://169.254.169.254/openstack/latest/meta_data.json"
#: udev's link to a config drive; Nova labels ISO 9660 in lower case and VFAT in upper case.
DRIVES = (Path("/dev/disk/by-label/config-2"), Path("/dev/disk/by-label/CONFIG-2"))
_ON_DRIVE = "openstack/latest/meta_data.json"

_TRUE = frozenset({"1", "true", "yes", "on"})


class MetadataError(Exception):
    """Raised when no metadata could be read: what was asked, how often, and the last answer."""


@dataclass(frozen=True)
class Metadata:
    """This server as the cloud knows it.

    Attributes:
        instance_id: the server's UUID.
        name: the server's name in Nova.
        meta: the metadata that the operator set; keys and values are strings.
    """

    instance_id: str
    name: str = ""
    meta: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any) -> Metadata:
        """Take what is needed from ``meta_data.json``.

        Raises:
            MetadataError: the document is something else.
        """
        if not isinstance(document, dict) or not isinstance(document.get("uuid"), str) or not document["uuid"]:
            raise MetadataError("the answer has no server id (key 'uuid')")
        meta = document.get("meta", {})
        if not isinstance(meta, dict):
            raise MetadataError("the answer's 'meta' is not a mapping")
        return cls(document["uuid"], str(document.get("name") or ""), {str(k): str(v) for k, v in meta.items()})

    def flag(self, key: str) -> bool:
        """Whether a key is set to a word for true; anything else, or nothing, is false."""
        return self.meta.get(key, "").strip().lower() in _TRUE


@dataclass(frozen=True)
class MetadataSource:
    """Where metadata is looked for, and for how long.

    Attributes:
        service: URL of ``meta_data.json``.
        drives: block devices that may be a config drive.
        limit: seconds until the search is given up.
        timeout: seconds that one request may take.
        first_pause: seconds between the first two attempts; doubled each time.
        longest_pause: seconds that a pause may grow to.
    """

    service: str = SERVICE
    drives: tuple[Path, ...] = DRIVES
    limit: float = 300.0
    timeout: float = 10.0
    first_pause: float = 0.5
    longest_pause: float = 15.0

    def read(self, log: Callable[[str], None]) -> Metadata:
        """Ask until there is an answer or the time is over.

        The service comes first: it shows metadata as it is now, a config drive as it was when the server was built.

        Raises:
            MetadataError: no answer in time.
        """
        end = time.monotonic() + self.limit
        pause = self.first_pause
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._from_service()
            except MetadataError as error:
                problem = str(error)
            drive = next((each for each in self.drives if each.exists()), None)
            if drive is not None:
                try:
                    return self._from_drive(drive)
                except MetadataError as error:
                    problem = f"{problem}; {error}"
            if time.monotonic() + pause > end:
                raise MetadataError(
                    f"no metadata after {self.limit:.0f} s and {attempts} attempts; last error: {problem}"
                )
            log(f"no metadata yet ({problem}); next attempt in {pause:.1f} s")
            time.sleep(pause)
            pause = min(pause * 2, self.longest_pause)

    def _from_service(self) -> Metadata:
        # The address is link-local: a proxy in the environment could only be wrong.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.service, timeout=self.timeout) as answer:
                return Metadata.from_document(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                raise MetadataError(f"{self.service}: {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            raise MetadataError(f"{self.service}: {error}") from error
        except MetadataError as error:
            raise MetadataError(f"{self.service}: {error}") from error

    def _from_drive(self, drive: Path) -> Metadata:
        try:
            with mounted(drive) as folder:
                return Metadata.from_document(json.loads((folder / _ON_DRIVE).read_text(encoding="utf-8")))
        except subprocess.CalledProcessError as error:
            raise MetadataError(f"{drive}: mount: {error.stderr.strip()}") from error
        except (OSError, ValueError, MetadataError) as error:
            raise MetadataError(f"{drive}: {error}") from error


@contextlib.contextmanager
def mounted(device: Path) -> Iterator[Path]:
    """Mount a device read-only on a folder of its own for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="config-drive-") as folder:
        subprocess.run(
            ["mount", "--read-only", str(device), folder], check=True, capture_output=True, text=True, timeout=60
        )
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True, capture_output=True, text=True, timeout=60)

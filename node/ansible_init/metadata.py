"""This server's metadata from the cloud: from the metadata service, otherwise from a config drive."""

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

#: OpenStack's metadata in the newest format. https://docs.openstack.org/nova/latest/user/metadata.html
SERVICE = "http://169.254.169.254/openstack/latest/meta_data.json"
#: udev's link to a config drive; Nova labels ISO 9660 in lower case and VFAT in upper case.
DRIVES = (Path("/dev/disk/by-label/config-2"), Path("/dev/disk/by-label/CONFIG-2"))
_ON_DRIVE = "openstack/latest/meta_data.json"

_TRUE = frozenset({"1", "true", "yes", "on"})


class MetadataError(Exception):
    """Raised when metadata cannot be read; has the source, the number of attempts and the last error."""


@dataclass(frozen=True)
class Metadata:
    """The cloud's data about this server.

    Attributes:
        instance_id: the server's UUID.
        name: the server's name in Nova.
        meta: the operator's metadata; keys and values are strings.
    """

    instance_id: str
    name: str = ""
    meta: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any) -> Metadata:
        """Parse ``meta_data.json``.

        Raises:
            MetadataError: the document is malformed.
        """
        if not isinstance(document, dict) or not isinstance(document.get("uuid"), str) or not document["uuid"]:
            raise MetadataError("the answer has no server id (key 'uuid')")
        meta = document.get("meta", {})
        if not isinstance(meta, dict):
            raise MetadataError("the answer's 'meta' is not a mapping")
        return cls(document["uuid"], str(document.get("name") or ""), {str(k): str(v) for k, v in meta.items()})

    def flag(self, key: str) -> bool:
        """Whether a key is set to a word for true; anything else is false."""
        return self.meta.get(key, "").strip().lower() in _TRUE


@dataclass(frozen=True)
class MetadataSource:
    """The sources of metadata, and the timeouts.

    Attributes:
        service: URL of ``meta_data.json``.
        drives: possible config drives.
        limit: timeout of the search, in seconds.
        timeout: timeout of a request, in seconds.
        first_pause: seconds between the first two attempts; doubled each time.
        longest_pause: maximum pause in seconds.
    """

    service: str = SERVICE
    drives: tuple[Path, ...] = DRIVES
    limit: float = 300.0
    timeout: float = 10.0
    first_pause: float = 0.5
    longest_pause: float = 15.0

    def read(self, log: Callable[[str], None]) -> Metadata:
        """Retry until there is a response or the timeout expires.

        The service comes first: it has the current metadata, a config drive those from when the server was built.

        Raises:
            MetadataError: no response in time.
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
        # The address is link-local: never use a proxy.
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
    """Mount a device read-only on a temporary folder during the context."""
    with tempfile.TemporaryDirectory(prefix="config-drive-") as folder:
        subprocess.run(
            ["mount", "--read-only", str(device), folder], check=True, capture_output=True, text=True, timeout=60
        )
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True, capture_output=True, text=True, timeout=60)

"""A bucket of objects at S3, Google Cloud or Azure, with the same URL and credentials as Pulumi's backend."""

import uuid
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.object_url import BucketSettings

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Bucket

T = TypeVar("T")

#: Objects that are read at once.
_PARALLEL = 16
#: Touching an object writes another one, below this prefix: a removed object must not come back.
_MARKS = ".slurm-appliance/marks"


class ObjectStore:
    """A bucket. See `Store` for its methods.

    Args:
        settings: where it is, and how to reach it.
        patience: how long a lock that was seen counts as held, in seconds. Locks have a heartbeat every 10 seconds, and
            `unlock` waits 20 for one.
        bucket: the opened bucket; by default it is opened on first use.
    """

    def __init__(self, settings: BucketSettings, patience: float = 15.0, bucket: "Bucket | None" = None) -> None:
        self._patience = patience
        self._settings = settings
        self._bucket = bucket

    @property
    def patience(self) -> float:
        """See `Store`."""
        return self._patience

    def where(self, key: str) -> str:
        """See `Store`."""
        return f"{self._settings.shown}/{key}"

    def read(self, key: str) -> bytes | None:
        """See `Store`."""
        import obstore

        return self._found(key, "read", lambda bucket, path: bytes(obstore.get(bucket, path).bytes()))

    def read_all(self, keys: Sequence[str]) -> list[bytes]:
        """See `Store`."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return [content for content in pool.map(self.read, keys) if content is not None]

    def has(self, key: str) -> bool:
        """See `Store`."""
        return self._etag(key) is not None

    def write(self, key: str, content: bytes) -> None:
        """See `Store`."""
        import obstore

        self._call(key, "write", lambda bucket, path: obstore.put(bucket, path, content))

    def keep_copy(self, key: str, copy: str) -> None:
        """See `Store`."""
        import obstore

        self._found(key, "copy", lambda bucket, path: obstore.copy(bucket, path, self._settings.path(copy)))

    def remove(self, *keys: str) -> None:
        """See `Store`."""
        import obstore

        if keys:
            paths = [self._settings.path(key) for key in keys]
            self._found(keys[0], "remove", lambda bucket, _path: obstore.delete(bucket, paths))

    def release(self, key: str) -> None:
        """See `Store`."""
        self.remove(key)
        self.remove(f"{_MARKS}/{key}")

    def names(self, folder: str) -> list[str]:
        """See `Store`."""
        import obstore

        def listed(bucket: "Bucket", path: str) -> list[str]:
            return [str(each["path"]) for each in obstore.list_with_delimiter(bucket, path)["objects"]]

        return sorted(path.rpartition("/")[2] for path in self._call(folder, "list", listed))

    def touch(self, key: str) -> bool:
        """See `Store`."""
        if not self.has(key):
            return False
        self.write(f"{_MARKS}/{key}", uuid.uuid4().bytes)
        return True

    def mark(self, key: str) -> Hashable | None:
        """See `Store`."""
        own = self._etag(key)
        return None if own is None else (own, self._etag(f"{_MARKS}/{key}"))

    def _etag(self, key: str) -> str | None:
        import obstore

        def described(bucket: "Bucket", path: str) -> str:
            found = obstore.head(bucket, path)
            return str(found["e_tag"] or found["last_modified"])

        return self._found(key, "read", described)

    def _found(self, key: str, doing: str, call: Callable[["Bucket", str], T]) -> T | None:
        """The result of a call; None if the object is missing."""

        def found(bucket: "Bucket", path: str) -> T | None:
            try:
                return call(bucket, path)
            except FileNotFoundError:
                return None

        return self._call(key, doing, found)

    def _call(self, key: str, doing: str, call: Callable[["Bucket", str], T]) -> T:
        from obstore.exceptions import BaseError

        try:
            if self._bucket is None:
                self._bucket = _open(self._settings)
            return call(self._bucket, self._settings.path(key))
        except (BaseError, OSError) as error:
            raise JournalError(
                f"cannot {doing} the state: {_first_line(error)}",
                where=self.where(key),
                remedy="check PULUMI_BACKEND_URL (or `pulumi login`), its credentials and the network; then run the "
                "command again: all recorded steps are kept and added to the state",
            ) from error


def _open(settings: BucketSettings) -> "Bucket":
    from obstore.store import AzureStore, GCSStore, S3Store

    kinds: dict[str, Any] = {"s3": S3Store, "gs": GCSStore, "azblob": AzureStore}
    bucket: Bucket = kinds[settings.scheme](
        settings.bucket, config=dict(settings.config), client_options=dict(settings.client)
    )
    return bucket


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip()

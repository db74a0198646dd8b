"""A bucket in memory, of the library that reads real ones."""

from obstore.store import MemoryStore

from slurm_appliance.journal.object_store import ObjectStore
from slurm_appliance.journal.object_url import BucketSettings


def memory_bucket(patience: float = 15.0) -> ObjectStore:
    """An empty bucket."""
    return ObjectStore(BucketSettings("s3", "states", "team/", "s3://states/team"), patience, MemoryStore())

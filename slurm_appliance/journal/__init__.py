"""A state backend on loopback that records each step of an update in a journal, in front of Pulumi's file backend.

Pulumi's file backend writes the whole state twice per resource: minutes at 400 nodes, a quarter of an hour at 1000,
growing with the square. Not writing it (PULUMI_SKIP_CHECKPOINTS) loses everything that a killed update created. The
engine has a third way for backends that support it, journaling: it sends the start and the end of each step, and waits
for the answer before it continues. This package provides it, on loopback, while one of our commands runs:

    with journaled(folder, project, stack) as variables: ...   # the engine's environment

The state stays where the file backend has it, in the same format, so that plain ``pulumi`` works on it between
commands; while a journal is not part of it yet, the file backend's own lock keeps all others out.

    layout      the file backend's paths: state, locks, and our journal next to them
    lock        the file backend's lock, and removing stale locks
    process_identity, heartbeat   whether the holder of a lock is alive
    replay      state + journal → state; pure
    log         the journal as a file
    keeper      one stack: starts updates, receives entries, merges the journal into the state
    supposition an assumed state, for previews
    service     the part of Pulumi's REST API that an update uses, with access control
    listener    HTTP on loopback, to which all users of the machine can connect
    body        the body of a request, with limits
"""

from slurm_appliance.journal.backend import journaled
from slurm_appliance.journal.errors import JournalError, LockedError

__all__ = ["JournalError", "LockedError", "journaled"]

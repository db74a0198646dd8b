"""A state backend on loopback that records each step of an update in a journal, in front of Pulumi's file backend.

Pulumi's file backend writes the whole state twice for every resource: minutes at 400 nodes, a quarter of an hour at
1000, growing with the square. Not writing it (PULUMI_SKIP_CHECKPOINTS) loses everything that a killed update created.
The engine has a third way for backends that offer it, journaling: it sends what each step begins and ends with, and
waits for the answer before it goes on. This package offers it, on loopback, while a command of ours runs:

    with journaled(folder, project, stack) as variables: ...   # the engine's environment

The state stays where, and as, the file backend has it, so that plain ``pulumi`` works on it between commands; while
a journal is there that is not part of it yet, the file backend's own lock keeps everybody else out.

    layout      where the file backend has what: state, locks, and our journal beside them
    lock        the file backend's lock, and taking it over from whoever is no more
    process_identity, heartbeat   whether who made a lock still lives
    replay      state + journal → state; pure
    log         the journal as a file
    keeper      one stack: opens updates, takes entries, folds the journal into the state
    supposition a state that might be, for previews
    service     the part of Pulumi's REST API that an update uses, and who may call what
    listener    HTTP on loopback, which all users of the machine can connect to
    body        the body of a call, with limits
"""

from slurm_appliance.journal.backend import journaled
from slurm_appliance.journal.errors import JournalError, LockedError

__all__ = ["JournalError", "LockedError", "journaled"]

"""A state backend on loopback that records each step of an update in a journal, in front of Pulumi's own backends.

They are a folder, or a bucket at S3, Google Cloud or Azure. Pulumi writes the whole state twice per resource there:
minutes at 400 nodes, a quarter of an hour at 1000, growing with the square. Not writing it (PULUMI_SKIP_CHECKPOINTS)
loses everything that a killed update created. The engine has a third way for backends that support it, journaling: it
sends the start and the end of each step, and waits for the answer before it continues. This package provides it, on
loopback, while one of our commands runs:

    with backend.journaled(layout, "up") as ours: ...   # ours.variables: the engine's environment

The state stays where Pulumi's backend has it, in the same format, so that plain ``pulumi`` works on it between
commands; while a journal is not part of it yet, the backend's own lock keeps all others out.

    store       files by key, in a folder
    object_store, object_url   the same in a bucket
    layout      a stack's files: state, history, locks, and our journal next to them
    lock        the backend's lock, and removing stale locks
    process_identity, heartbeat   whether the holder of a lock is alive
    replay      state + journal → state; pure
    log         the journal as a file
    object_log  the journal as objects
    keeper      one stack: starts updates, receives entries, merges the journal into the state
    supposition an assumed state, for previews
    service     the part of Pulumi's REST API that an update uses, with access control
    listener    HTTP on loopback, to which all users of the machine can connect
    body        the body of a request, with limits
"""

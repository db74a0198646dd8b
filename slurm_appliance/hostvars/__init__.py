"""Host variables for compute nodes: each node gets what its own roles use, and nothing else.

``references``, ``allowed`` and ``bundle`` decide what one node gets; ``export`` puts all nodes' bundles, the NFS
exports and the RebootProgram's targets into one archive; ``node/export_receiver`` unpacks it on the control node. All
but ``inventory`` is pure. The format is described in docs/rebuild.md.
"""

"""Host variables for compute nodes: each node gets only what its own roles use.

``references``, ``allowed`` and ``bundle`` select what one node gets; ``export`` packs all nodes' bundles, the NFS
exports and the RebootProgram's targets into one archive; ``node/export_receiver`` unpacks it on the control node. All
except ``inventory`` is pure. docs/rebuild.md describes the format.
"""

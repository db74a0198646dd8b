"""Everything that the control node gets about its compute nodes, as one archive. Pure.

The same cluster, key and serial give the same bytes.

::

    manifest.json                  schema, names of the nodes, when it was made and for which public key
    nodes/<node>/bundle.json       what the node's compute-init checks first: schema, ids, digests
    nodes/<node>/variables.json    its variables
    nodes/<node>/bundle.signed     for which node and server bundle.json is, and when it was made, signed by the stack
    shared/<file>                  files that are the same for all nodes, linked into each node's folder
    nfs/kernel.exports             for /etc/exports.d
    nfs/ganesha.conf               the same for nfs-ganesha
    reboot-targets.json            for the RebootProgram
"""

import gzip
import io
import json
import tarfile
from collections.abc import Collection, Mapping, Sequence

from node.compute_init.share import STATE_DIR, nodes_folder
from node.compute_init.signature import FILE as SIGNED
from slurm_appliance.hostvars.bundle import ComputeNode, SharedFile, bundle, listed
from slurm_appliance.hostvars.nfs_exports import ganesha_exports, kernel_exports
from slurm_appliance.hostvars.reboot_targets import targets_file
from slurm_appliance.hostvars.signing import SigningKey

#: The schema of the archive; node/export_receiver accepts no other.
ARCHIVE_SCHEMA = 1


def export_files(
    nodes: Sequence[ComputeNode],
    shared: Mapping[str, SharedFile],
    *,
    key: SigningKey,
    serial: int,
    forbidden: Collection[str] = (),
    state_dir: str = STATE_DIR,
    everything: str = "",
) -> dict[str, bytes]:
    """The archive's files by path.

    Args:
        nodes: all compute nodes; their order does not matter.
        shared: files that all nodes get, by name: ``hosts``, ``users.json``.
        key: signs each node's bundle.
        serial: creation time of the archive in seconds since 1970: nodes reject older ones than they have seen.
        forbidden: variables that must not reach compute nodes: secrets of the database, of monitoring.
        state_dir: mount point of the control node's state volume, where the archive is unpacked, so that nodes can boot
            right after a rebuild of the control node.
        everything: see `bundle.bundle`.

    Raises:
        HostVariablesError: see `bundle.bundle`.
    """
    ordered = sorted(nodes, key=lambda node: node.name)
    beside = {name: listed(file) for name, file in sorted(shared.items())}
    files = {f"shared/{name}": file.content for name, file in shared.items()}
    for node in ordered:
        own = bundle(node, beside, forbidden, everything)
        own[SIGNED] = key.signed(own["bundle.json"], node=node.name, instance_id=node.instance_id, serial=serial)
        files |= {f"nodes/{node.name}/{name}": content for name, content in own.items()}
    files["nfs/kernel.exports"] = kernel_exports(ordered, nodes_folder(state_dir)).encode()
    files["nfs/ganesha.conf"] = ganesha_exports(ordered, nodes_folder(state_dir)).encode()
    files["reboot-targets.json"] = targets_file({node.name: (node.instance_id, node.image_id) for node in ordered})
    manifest = {
        "schema": ARCHIVE_SCHEMA,
        "nodes": [node.name for node in ordered],
        "shared": sorted(shared),
        "serial": serial,
        "bundle_key": key.public,
    }
    files["manifest.json"] = (json.dumps(manifest) + "\n").encode()
    return files


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files as a compressed tar."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o600
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=6, mtime=0)

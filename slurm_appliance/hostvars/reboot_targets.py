"""Renders the RebootProgram's file: each compute node's server and target image."""

import json
from collections.abc import Mapping

from node.reboot_program.targets import SCHEMA


def targets_file(nodes: Mapping[str, tuple[str, str]]) -> bytes:
    """The file's bytes, the same for the same nodes.

    Args:
        nodes: by node name, instance id and target image id.
    """
    records = {
        name: {"instance_id": instance_id, "image_id": image_id}
        for name, (instance_id, image_id) in sorted(nodes.items())
    }
    return (json.dumps({"schema": SCHEMA, "nodes": records}, indent=1) + "\n").encode()

"""What the inventory of the last ``up`` says, from the state; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from slurm_appliance.engine.recorded import recorded_command
from slurm_appliance.playbooks import inventory_file


def images_of_last_run(deployment: Mapping[str, Any]) -> dict[str, str]:
    """Each node's target image, by the node's name; empty if the state has no inventory."""
    command = recorded_command(deployment, "inventory") or {}
    stdin = (command.get("inputs") or {}).get("stdin")
    text = json.loads(stdin)["files"].get(inventory_file.INVENTORY) if isinstance(stdin, str) else None
    return dict(_images(inventory_file.load(text))) if text else {}


def _images(inventory: object) -> Iterator[tuple[str, str]]:
    """Hosts and their target images, from any place in an inventory."""
    if isinstance(inventory, dict):
        for name, below in inventory.items():
            if isinstance(below, dict) and "image_id" in below:
                yield str(name), str(below["image_id"])
            yield from _images(below)

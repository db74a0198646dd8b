"""Servers that were rebuilt since site.yml configured them; pure.

``site.yml`` runs when one of its inputs changes, and the image that nodes are to have is one of them. Without a change
there, a rebuild goes unnoticed: an ``up`` to another image that failed half-way and was taken back, a server that
somebody rebuilt by hand. ``up`` gives such a server its image back, with nothing of the cluster on it.
"""

import json
from collections.abc import Collection, Mapping, Sequence, Set
from fnmatch import fnmatchcase
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.deployment.last_inventory import images_of_last_run
from slurm_appliance.engine.steps import COMMAND, SERVER

Json = dict[str, Any]

#: The commands that make a rebuilt server a node again, in their order.
HOST_KEYS = "host-keys"
COMMANDS = (HOST_KEYS, "site")
#: Stands for an image in the identity of a server whose host keys are not known: no image has it.
_UNKNOWN_IMAGE = "unknown"


def unconfigured(
    deployment: Mapping[str, Any], facts: CloudFacts, names: Set[str], excluded: Sequence[str] = ()
) -> tuple[ServerFacts, ...]:
    """The servers that have another image than in the inventory of the last run.

    Args:
        deployment: the state's resources.
        facts: the cloud.
        names: the servers to look at: see `nodes.groups.configured_by_site`.
        excluded: URNs, as patterns, of those that the run leaves as they are.
    """
    images = images_of_last_run(deployment)
    servers = {server.id: server for server in facts.servers}
    recorded = (
        servers.get(str(each.get("id")))
        for each in deployment.get("resources") or []
        if each["type"] == SERVER and not any(fnmatchcase(each["urn"], pattern) for pattern in excluded)
    )
    return tuple(
        server
        for server in recorded
        if server is not None
        and server.name in names & images.keys()
        and server.image_id not in ("", images[server.name])
    )


def is_to_run(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is one of the commands that make a rebuilt server a node again."""
    return resource["type"] == COMMAND and resource["urn"].rpartition("::")[2] in COMMANDS


def without_identities(printed: str, ids: Collection[str]) -> str:
    """What the command printed that reads host keys, such that it reads those of some servers again.

    Their keys of before stay: as long as the console shows no others, the server is still booting.

    Args:
        printed: what it printed the last time.
        ids: the servers' IDs.
    """
    document: Json = json.loads(printed) if printed else {}
    for row in document.get("keys", []):
        server = row["identity"].partition(" ")[0]
        if server in ids:
            row["identity"] = f"{server} {_UNKNOWN_IMAGE}"
    return json.dumps(document) if document else printed

"""Properties of recorded resources that somebody changed by hand; pure.

Only what the lists of the project show is compared: names, and the flavors of servers. The recorded value becomes the
real one, so that the engine changes it back.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.engine.steps import HOLDING_DATA, PORT, SERVER, SHARE, VOLUME

_KINDS = {SERVER: "server", PORT: "port", **HOLDING_DATA}


@dataclass(frozen=True)
class ChangedByHand:
    """A property with another value than the recorded one.

    Attributes:
        urn: the resource's.
        type: its type.
        id: its ID.
        name: its recorded name.
        path: the property.
        recorded: its recorded value.
        actual: its value in the cloud.
    """

    urn: str
    type: str
    id: str
    name: str
    path: str
    recorded: str
    actual: str

    def __str__(self) -> str:
        return (
            f"{_KINDS[self.type]} {self.name} ({self.id}) has {self.path} {self.actual}, but the state records "
            f"{self.recorded}"
        )


def changed_by_hand(deployment: Mapping[str, Any], facts: CloudFacts) -> list[ChangedByHand]:
    """What differs from the record. A value that the cloud does not report is no difference."""
    actual: dict[tuple[str, str], dict[str, str]] = {
        **{(SERVER, each.id): {"name": each.name, "flavorId": each.flavor_id} for each in facts.servers},
        **{(PORT, each.id): {"name": each.name} for each in facts.ports},
        **{(VOLUME, each.id): {"name": each.name} for each in facts.volumes},
        **{(SHARE, each.id): {"name": each.name} for each in facts.shares},
    }
    resources = [
        each for each in deployment.get("resources") or [] if each["type"] in _KINDS and not each.get("delete")
    ]
    return [
        found for each in resources for found in _differing(each, actual.get((each["type"], each.get("id", "")), {}))
    ]


def _differing(resource: Mapping[str, Any], actual: Mapping[str, str]) -> Iterator[ChangedByHand]:
    outputs = resource.get("outputs") or {}
    for path, value in actual.items():
        recorded = outputs.get(path)
        if value and isinstance(recorded, str) and recorded and recorded != value:
            name = str(outputs.get("name") or "")
            yield ChangedByHand(resource["urn"], resource["type"], resource["id"], name, path, recorded, value)


def with_actual(deployment: Mapping[str, Any], changed: Iterable[ChangedByHand]) -> dict[str, Any]:
    """A state that records the real values."""
    wanted: dict[str, dict[str, str]] = {}
    for each in changed:
        wanted.setdefault(each.id, {})[each.path] = each.actual
    if not wanted:
        return dict(deployment)
    resources = [
        {**each, "outputs": {**(each.get("outputs") or {}), **wanted[each["id"]]}}
        if each["type"] in _KINDS and each.get("id") in wanted
        else each
        for each in deployment["resources"]
    ]
    return {**deployment, "resources": resources}

"""Adopted resources are recorded with what the cloud says of them: on a copy, where the engine can read the state."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from slurm_appliance.deployment import apart
from slurm_appliance.deployment.session import Session

URNS = ["urn:pulumi:t::p::openstack:blockstorage/volume:Volume::demo-state"]
#: What is done to the stack itself: its state is replaced, the engine refreshes it.
REPLACED, REFRESHED = "replaced", "refreshed"


@pytest.mark.parametrize(
    ("provider", "urns", "done"),
    [
        ("service", URNS, [REPLACED, REFRESHED]),
        ("service", [], [REPLACED]),
        ("passphrase", URNS, ["copied", REPLACED]),
        ("passphrase", [], [REPLACED]),
    ],
)
def test_only_pulumi_cloud_reads_what_it_encrypted(
    monkeypatch: pytest.MonkeyPatch, provider: str, urns: list[str], done: list[str]
) -> None:
    calls: list[str] = []

    def refreshed(_session: Session, deployment: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
        calls.extend(["copied"] if wanted else [])
        return deployment

    monkeypatch.setattr(apart, "refreshed", refreshed)
    monkeypatch.setattr("slurm_appliance.engine.automation.run", lambda *_, **__: calls.append(REFRESHED))
    session = SimpleNamespace(stack=None, set_deployment=lambda _: calls.append(REPLACED))
    apart.replace_refreshed(cast("Session", session), {"secrets_providers": {"type": provider}}, urns)
    assert calls == done

"""What the engine says is passed on; its advice about interrupted operations is not, because up repairs them."""

import pytest
from pulumi.automation import EngineEvent
from pulumi.automation.events import DiagnosticEvent

from slurm_appliance.engine.automation import message_of


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("<{%fg 1%}>quota<{%reset%}> exceeded\n", "quota exceeded"),
        ("Attempting to deploy or update resources with 2 pending operations ... the AWS Console.\n", None),
    ],
)
def test_a_message(message: str, shown: str | None) -> None:
    event = EngineEvent(1, 1, diagnostic_event=DiagnosticEvent(message, "never", "warning", urn="urn:x"))
    assert message_of(event) == (None if shown is None else ("warning", "urn:x", shown))


def test_other_events_are_no_messages() -> None:
    assert message_of(EngineEvent(1, 1)) is None

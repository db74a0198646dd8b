"""States that earlier code made: today's code finds nothing to do in them, and makes no secret anew.

A change of what a state holds (a setting that comes to the inventory, say) belongs into EXPECTED, with its reason; the
text of a command never does: running ``secrets generate`` again would rotate a secret of every cluster there is.
"""

from pathlib import Path

import pytest

from slurm_appliance.engine.steps import Step
from tests.engine.cluster.recording import replayed
from tests.engine.cluster.rig import Rig

RECORDINGS = sorted(Path(__file__).with_name("recordings").glob("*.json"))

_OF_A_MACHINE = "had paths and tokens of the machine that wrote it, so that each operator's preview had changes"
#: What changes in place in every state.
ALWAYS = {("site", "environment"): "has a digest of the playbooks, so that site.yml runs when these change"}
#: What changes in place, by recording, resource and property, and why that is right.
EXPECTED = {
    "2026-11": {
        ("inventory", "stdin"): f"users are a file beside it since bundles have schema 2, and it {_OF_A_MACHINE}",
        ("secrets", "stdin"): _OF_A_MACHINE,
        ("host-keys", "stdin"): _OF_A_MACHINE,
        ("host-keys", "addPreviousOutputInEnv"): "keys that another machine has read are taken over",
        ("site", "stdin"): _OF_A_MACHINE,
    },
    "2026-12": {("inventory", "stdin"): "has compute_follow_seconds"},
}


def changes_of(steps: tuple[Step, ...]) -> set[tuple[str, str, str]]:
    return {(step.name, step.op, path.partition(".")[0]) for step in steps for path in step.changed or ("",)}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_preview_of_an_earlier_state_shows_no_change(recording: Path, tmp_path: Path) -> None:
    with replayed(recording, tmp_path) as rig:
        plan = rig.preview()
        found = {(name, property_) for name, op, property_ in changes_of(plan.steps) if op == "update"}
        assert {step.op for step in plan.steps} <= {"update"}
        assert found <= ALWAYS.keys() | EXPECTED[recording.stem].keys()
        assert not plan.drift
        assert not plan.disruptive


def test_a_changed_text_of_a_command_would_be_seen(tmp_path: Path) -> None:
    """The guard above looks at the engine's own comparison."""
    with replayed(RECORDINGS[-1], tmp_path) as rig:
        rename_in_state(rig, "-m slurm_appliance.secrets generate munge_key", "-m slurm_appliance.other munge_key")
        assert ("munge_key", "update", "create") in changes_of(rig.preview().steps)


def rename_in_state(rig: Rig, before: str, after: str) -> None:
    session = rig.session()
    state = session.stack.export_stack()
    for resource in (state.deployment or {})["resources"]:
        for properties in (resource.get("inputs") or {}, resource.get("outputs") or {}):
            for name in ("create", "update"):
                if before in str(properties.get(name, "")):
                    properties[name] = properties[name].replace(before, after)
    session.stack.import_stack(state)

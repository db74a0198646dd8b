"""The plan of an adoption, from states and steps."""

from typing import Any

from slurm_appliance.config import from_mapping
from slurm_appliance.deployment.adoption_plan import as_planned, disturbing, rows_of, unbuilt, with_adopted
from slurm_appliance.deployment.counterparts import Counterpart, Fate
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.engine.steps import ATTACHMENT, COMMAND, PORT, SERVER, VOLUME, Step
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, image, server
from tests.unit.slurm_appliance.config.examples import smallest


def resource(urn: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": type_, "custom": True, **more}


def test_what_does_not_exist_is_not_recorded_nor_are_commands_that_were_not_run() -> None:
    before = {"resources": [resource("old", PORT, id="0", inputs={"name": "as it was"})]}
    after = {
        "secrets_providers": {"type": "passphrase"},
        "resources": [
            resource("old", PORT, id="0", inputs={"name": "as planned"}),
            resource("port", PORT, id="1"),
            resource("absent", VOLUME, id="2"),
            resource("munge_key", COMMAND, id="3"),
            resource("site", COMMAND, id="4", dependencies=["port", "absent"]),
            resource("server", SERVER, id="5", dependencies=["port", "absent"]),
        ],
    }
    found = [
        Counterpart("port", PORT, "p", Fate.ADOPT, "1"),
        Counterpart("absent", VOLUME, "v", Fate.CREATE),
        Counterpart("server", SERVER, "s", Fate.ADOPT, "5"),
    ]
    state = with_adopted(before, after, found, ["munge_key"])
    assert [each["urn"] for each in state["resources"]] == ["old", "port", "munge_key", "server"]
    assert state["resources"][0]["inputs"] == {"name": "as it was"}
    assert state["resources"][-1]["dependencies"] == ["port"]
    assert state["secrets_providers"] == {"type": "passphrase"}


def test_planned_inputs_are_kept_and_what_the_servers_have_is_recorded() -> None:
    facts = cloud(servers=(server("demo-c-0", id="s", image_id=OTHER_IMAGE),))
    planned = {"resources": [resource("s", SERVER, id="s", inputs={"imageId": IMAGE, "networks": [{"port": "p"}]})]}
    read = {
        "resources": [
            resource(
                "s",
                SERVER,
                id="s",
                inputs={"networks": []},
                outputs={
                    "powerState": "shutoff",
                    "metadata": {"environment": "test"},
                    "allMetadata": {"environment_root": "/e"},
                    "imageId": OTHER_IMAGE,
                },
            )
        ]
    }
    (found,) = as_planned(read, planned, ["s"], facts, "test")["resources"]
    assert found["inputs"] == {"imageId": OTHER_IMAGE, "networks": [{"port": "p"}]}
    assert found["outputs"]["metadata"] == {"environment_root": "/e"}
    assert found["outputs"]["powerState"] == "active"


def test_a_row_says_what_differs() -> None:
    state = {
        "resources": [
            resource("s", SERVER, inputs={"metadata": {"a": "2", "b": "3"}}, outputs={"metadata": {"a": "1", "c": "4"}})
        ]
    }
    step = Step("s", SERVER, "update", changed=("metadata.a", "metadata.b", 'metadata["c"]'))
    (row,) = rows_of([Counterpart("s", SERVER, "demo-c-0", Fate.ADOPT, "s")], state, [step])
    assert [str(each) for each in row.differs] == [
        "metadata.a: 1 → 2",
        "metadata.b: none → 3",
        'metadata["c"]: 4 → none',
    ]
    assert (row.kind, row.name, row.id) == ("Instance", "demo-c-0", "s")


def test_a_replacement_is_refused_with_its_reason_and_an_update_is_not() -> None:
    steps = (
        Step("x::demo-c-0", SERVER, "replace", changed=("keyPair",), replacing=("keyPair",)),
        Step("x::demo-c-1", SERVER, "update", changed=("metadata",)),
        Step("x::old", VOLUME, "delete"),
        Step("x::home", ATTACHMENT, "replace", changed=("instanceId",), replacing=("instanceId",)),
    )
    problems = disturbing(DeploymentPlan(steps, (), ()))
    assert [problem.path for problem in problems] == ["demo-c-0", "old"]
    assert "keyPair" in problems[0].what


def test_nodes_with_images_of_others_are_known() -> None:
    config = from_mapping(smallest(), "test", environment="test")
    servers = (server("demo-control"), server("demo-c-0", image_id=OTHER_IMAGE), server("x", environment="other"))
    facts = cloud(images=(image(IMAGE, "ours"), image(OTHER_IMAGE, "theirs", digest="")), servers=servers)
    assert unbuilt(config, facts) == ["demo-c-0"]

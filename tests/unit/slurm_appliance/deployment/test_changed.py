"""Properties that somebody changed by hand."""

from slurm_appliance.deployment.changed import changed_by_hand, with_actual
from slurm_appliance.engine.steps import PORT, SERVER
from tests.unit.clouds import cloud, port, server

STATE = {
    "resources": [
        {"urn": "s", "type": SERVER, "id": "id-of-demo-c-0", "outputs": {"name": "demo-c-0", "flavorId": "small"}},
        {"urn": "p", "type": PORT, "id": "id-of-other", "outputs": {"name": "demo-c-0-cluster"}},
        {"urn": "q", "type": PORT, "id": "gone", "outputs": {"name": "demo-c-1-cluster"}},
        {"urn": "x", "type": PORT, "id": "no-outputs"},
    ]
}


def test_changed_names_and_flavors_are_found_and_recorded() -> None:
    facts = cloud(servers=(server("demo-c-0", flavor_id="large"),), ports=(port("other"), port("no-outputs")))
    found = changed_by_hand(STATE, facts)
    assert [(each.urn, each.path, each.recorded, each.actual) for each in found] == [
        ("s", "flavorId", "small", "large"),
        ("p", "name", "demo-c-0-cluster", "other"),
    ]
    assert "server demo-c-0 (id-of-demo-c-0)" in str(found[0])
    state = with_actual(STATE, found)
    assert [each.get("outputs") for each in state["resources"]] == [
        {"name": "demo-c-0", "flavorId": "large"},
        {"name": "other"},
        {"name": "demo-c-1-cluster"},
        None,
    ]


def test_what_the_cloud_does_not_report_is_no_difference() -> None:
    facts = cloud(servers=(server("demo-c-0", flavor_id=""),), ports=())
    assert changed_by_hand(STATE, facts) == []
    assert with_actual(STATE, []) == STATE

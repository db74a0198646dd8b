import json

import pytest

from localcloud.control.status import CloudStatus, ServiceStatus

WELL = ServiceStatus("nova", "running", "http://cloud:1", 17, 200)
DEAD = ServiceStatus("cinder", "dead", "http://cloud:2", evidence="Traceback\nboom")
DOWN = ServiceStatus("glance", "down", "http://cloud:3")


@pytest.mark.parametrize(
    ("services", "state", "exit_status"),
    [
        ((WELL,), "up", 0),
        ((WELL, DEAD), "broken", 1),
        ((WELL, DOWN), "broken", 1),
        ((ServiceStatus("nova", "silent"),), "broken", 1),
        ((DOWN,), "down", 3),
    ],
)
def test_one_service_that_is_not_well_breaks_the_cloud(
    services: tuple[ServiceStatus, ...], state: str, exit_status: int
) -> None:
    found = CloudStatus("/state", services)
    assert (found.state, found.exit_status) == (state, exit_status)


def test_the_report_shows_the_end_of_a_dead_service_s_log() -> None:
    text = CloudStatus("/state", (WELL, DEAD)).as_text()
    assert "cinder is dead; last lines of its log:\n  │ Traceback\n  │ boom" in text
    assert "`slurm-appliance cloud up`" in text


def test_programs_get_everything() -> None:
    report = json.loads(CloudStatus("/state", (WELL, DEAD)).as_json())
    assert report["state"] == "broken"
    assert report["memory_mb"] == 200
    assert [one["name"] for one in report["services"]] == ["nova", "cinder"]


def test_a_cloud_that_other_machines_can_reach_is_broken_and_says_so() -> None:
    found = CloudStatus("/state", (WELL,), closed=False)
    assert (found.state, found.exit_status) == ("broken", 1)
    assert "other machines can reach the cloud's addresses" in found.as_text()
    assert "other machines" not in CloudStatus("/state", (WELL,)).as_text()
    assert json.loads(found.as_json())["closed"] is False
    assert CloudStatus("/state", (DOWN,)).state == "down"

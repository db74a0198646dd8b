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
    assert "cinder is dead; the end of its log:\n  │ Traceback\n  │ boom" in text
    assert "cloud up starts what does not run" in text


def test_programs_get_everything() -> None:
    report = json.loads(CloudStatus("/state", (WELL, DEAD)).as_json())
    assert report["state"] == "broken"
    assert report["memory_mb"] == 200
    assert [one["name"] for one in report["services"]] == ["nova", "cinder"]

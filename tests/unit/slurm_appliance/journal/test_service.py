"""The service: who is answered, and how."""

import gzip
import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import Layout
from slurm_appliance.journal.service import Service

STACK = "stacks/organization/p/s"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, "p", "s")
    made.write({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": {"manifest": {}}}})
    return made


@pytest.fixture
def service(layout: Layout) -> Iterator[Service]:
    made = Service(Keeper(layout))
    with made.serving():
        yield made


def ask(
    service: Service, method: str, path: str, body: Any = None, *, token: str | None = None, packed: bool = False
) -> tuple[int, Any]:
    raw = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": token if token is not None else f"token {service.token}"}
    headers["User-Agent"] = "pulumi-cli/1 (v3.259.0; linux)"
    if packed and raw is not None:
        raw, headers["Content-Encoding"] = gzip.compress(raw), "gzip"
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request(method, f"/api/{path}", raw, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


def test_an_update_from_its_announcement_to_its_end(service: Service, layout: Layout) -> None:
    assert ask(service, "GET", "user")[1]["githubLogin"] == "organization"
    status, stack = ask(service, "GET", STACK)
    assert (status, stack["orgName"], stack["stackName"]) == (200, "organization", "s")
    assert ask(service, "GET", f"{STACK}/export")[1] == {"version": 3, "features": [], "deployment": {"manifest": {}}}

    update = ask(service, "POST", f"{STACK}/update", {"name": "p"})[1]["updateID"]
    started = ask(service, "POST", f"{STACK}/update/{update}", {"journalVersion": 1})[1]
    assert started["journalVersion"] == 1
    lease = f"update-token {started['token']}"
    made = {"version": 1, "kind": 1, "sequenceID": 1, "operationID": 1, "state": {"urn": "a", "type": "t"}}
    entries = {"entries": [made]}
    assert ask(service, "PATCH", f"{STACK}/update/{update}/journalentries", entries, token=lease, packed=True) == (
        200,
        {},
    )
    assert ask(service, "POST", f"{STACK}/update/{update}/events/batch", {"events": []}, token=lease) == (200, {})
    assert ask(service, "POST", f"{STACK}/update/{update}/renew_lease", {}, token=lease)[0] == 200
    assert ask(service, "POST", f"{STACK}/update/{update}/complete", {"status": "succeeded"}, token=lease) == (200, {})

    latest = layout.read()["checkpoint"]["latest"]
    assert [each["urn"] for each in latest["resources"]] == ["a"]
    assert latest["manifest"]["version"] == "v3.259.0"
    (history,) = ask(service, "GET", f"{STACK}/updates?output-type=service")[1]["updates"]
    assert (history["kind"], history["result"], history["version"]) == ("update", "succeeded", 1)


@pytest.mark.parametrize("token", ["", "token ", "token wrong", "Bearer x"])
def test_who_does_not_know_the_token_is_told_nothing(service: Service, token: str) -> None:
    status, answer = ask(service, "GET", f"{STACK}/export", token=token)
    assert (status, answer) == (401, {"code": 401, "message": "no access"})


def test_it_is_reached_from_this_machine_only(service: Service) -> None:
    assert service.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "path", ["stacks/organization/p/other/export", f"{STACK}/encrypt", "orgs/organization/members"]
)
def test_what_it_does_not_offer(service: Service, path: str) -> None:
    assert ask(service, "GET", path)[0] == 404


def test_an_engine_without_journals_is_refused(service: Service) -> None:
    update = ask(service, "POST", f"{STACK}/update", {})[1]["updateID"]
    status, answer = ask(service, "POST", f"{STACK}/update/{update}", {})
    assert (status, answer["message"]) == (400, "this engine keeps no journal; it is too old")
    assert service.problems == ["this engine keeps no journal; it is too old"]

"""The service: who is answered, and how."""

import gzip
import http.client
import json
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.journal import listener
from slurm_appliance.journal import service as service_module
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.service import JournalService

STACK = "stacks/organization/p/s"


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    made = StateLayout(tmp_path, "p", "s")
    made.write({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": {"manifest": {}}}})
    return made


@pytest.fixture
def service(layout: StateLayout) -> Iterator[JournalService]:
    made = JournalService(Keeper(layout))
    with made.serving():
        yield made


def ask(
    service: JournalService, method: str, path: str, body: Any = None, *, token: str | None = None, packed: bool = False
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


def test_an_update_from_its_announcement_to_its_end(service: JournalService, layout: StateLayout) -> None:
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
def test_who_does_not_know_the_token_is_told_nothing(service: JournalService, token: str) -> None:
    status, answer = ask(service, "GET", f"{STACK}/export", token=token)
    assert (status, answer) == (401, {"code": 401, "message": "access denied"})


def started(service: JournalService, kind: str = "update") -> tuple[str, str]:
    """A running update: the path of what is called within it, and what the engine shows there."""
    update = ask(service, "POST", f"{STACK}/{kind}", {})[1]["updateID"]
    path = f"{STACK}/{kind}/{update}"
    lease = ask(service, "POST", path, {"journalVersion": 1})[1]["token"]
    return path, f"update-token {lease}"


WITHIN = [("PATCH", "journalentries"), ("POST", "renew_lease"), ("POST", "complete"), ("POST", "events/batch")]
OTHERS = [("GET", STACK), ("GET", f"{STACK}/export"), ("GET", f"{STACK}/updates"), ("POST", f"{STACK}/update"),
          ("GET", "user"), ("GET", "capabilities"), ("HEAD", STACK)]  # fmt: skip


@pytest.mark.parametrize(
    "shown", ["", "update-token lease", "update-token ", "token guessed", "update-token \xe9", "lease"]
)
def test_nobody_but_the_engine_reads_or_changes_the_state(
    service: JournalService, layout: StateLayout, shown: str
) -> None:
    path, _lease = started(service)
    before = layout.read(), layout.journal.read_bytes()
    empty = {"version": 1, "kind": 5, "sequenceID": 1, "operationID": 1, "newSnapshot": {"manifest": {}}}
    bodies = {"journalentries": {"entries": [empty]}, "complete": {"status": "succeeded"}}
    for method, word in WITHIN:
        assert ask(service, method, f"{path}/{word}", bodies.get(word, {}), token=shown)[0] == 401
    for method, path_ in OTHERS:
        assert ask(service, method, path_, token=shown)[0] == 401
    assert (layout.read(), layout.journal.read_bytes()) == before


def test_a_lease_opens_its_own_update_and_nothing_else(service: JournalService) -> None:
    path, lease = started(service, "preview")
    other, other_lease = started(service, "preview")
    assert lease != other_lease
    for method, word in WITHIN:
        assert ask(service, method, f"{path}/{word}", {}, token=other_lease)[0] == 401
        # Nor does the access token replace it.
        assert ask(service, method, f"{path}/{word}", {})[0] == 401
    for method, path_ in OTHERS:
        assert ask(service, method, path_, token=lease)[0] == 401
    assert ask(service, "POST", f"{path}/renew_lease", {}, token=lease)[1]["token"] == lease.partition(" ")[2]
    assert ask(service, "POST", f"{other}/complete", {"status": "succeeded"}, token=other_lease)[0] == 200


def raw(service: JournalService, text: bytes) -> bytes:
    """What comes back for bytes that no HTTP client would send."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    answer = b""
    # Who is refused may find the connection gone before all is sent.
    with socket.create_connection((host, int(port)), timeout=10) as connection, suppress(ConnectionError):
        connection.sendall(text)
        while piece := connection.recv(65536):
            answer += piece
    return answer


def call(
    service: JournalService, *more: str, method: str = "GET", path: str = f"/api/{STACK}/export", host: str = ""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or service.url.removeprefix('http://')}", *more, "", ""]
    return "\r\n".join(lines).encode()


def test_a_stranger_is_answered_before_the_body_comes(service: JournalService) -> None:
    answer = raw(service, call(service, "Content-Length: 1000000000", "Content-Encoding: gzip", method="PATCH"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"Connection: close" in answer


@pytest.mark.parametrize("host", ["localhost", "attacker.example", "127.0.0.1", "127.0.0.1:1"])
def test_a_browser_that_was_led_here_by_another_name_is_told_nothing(service: JournalService, host: str) -> None:
    answer = raw(service, call(service, f"Authorization: token {service.token}", host=host))
    assert answer.startswith(b"HTTP/1.1 403 ")
    good = call(service, f"Authorization: token {service.token}", "Connection: close")
    assert raw(service, good).startswith(b"HTTP/1.1 200 ")
    assert raw(service, good.replace(b"\r\n", b"\r\nHost: other\r\n", 1)).startswith(b"HTTP/1.1 403 ")


def test_a_header_without_end_is_cut_off(service: JournalService) -> None:
    assert b"200" not in raw(service, call(service)[:-2] + b"X: " + b"x" * 10_000_000)
    assert raw(service, b"G" * 10_000_000) == b""
    many = [f"X-{number}: x" for number in range(50_000)]
    assert b"200" not in raw(service, call(service, *many))


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(
    service: JournalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lease = started(service)
    monkeypatch.setattr(service_module, "MOST_ENTRY_BYTES", 2_000_000)
    bomb = gzip.compress(b'{"entries":[' + b" " * 200_000_000, 9)
    assert len(bomb) < 1_000_000
    head = call(service, f"Authorization: {lease}", "Content-Encoding: gzip", f"Content-Length: {len(bomb)}",
                method="PATCH", path=f"/api/{path}/journalentries")  # fmt: skip
    tracemalloc.start()
    try:
        answer = raw(service, head + bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert most < 20_000_000


def test_a_large_body_is_refused_before_it_is_read(service: JournalService) -> None:
    head = call(service, f"Authorization: token {service.token}", "Content-Length: 99999999999", method="POST")
    assert raw(service, head).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "\xb2"])
def test_a_length_that_is_none(service: JournalService, length: str) -> None:
    head = call(service, f"Authorization: token {service.token}", f"Content-Length: {length}", method="POST")
    assert raw(service, head).startswith(b"HTTP/1.1 400 ")


def test_who_says_nothing_does_not_keep_the_engine_out(service: JournalService) -> None:
    host, _, port = service.url.removeprefix("http://").partition(":")
    silent = [socket.create_connection((host, int(port)), timeout=10) for _ in range(3 * listener.MOST_STRANGERS)]
    try:
        assert ask(service, "GET", "user")[0] == 200
        # The oldest are gone for the newest.
        assert silent[0].recv(1) == b""
    finally:
        for each in silent:
            each.close()


def test_who_takes_too_long_is_cut_off(service: JournalService, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = service.url.removeprefix("http://").partition(":")
    with (
        closing(http.client.HTTPConnection(f"{host}:{port}", timeout=30)) as engine,
        socket.create_connection((host, int(port)), timeout=30) as slow,
    ):
        headers = {"Authorization": f"token {service.token}"}
        engine.request("GET", "/api/user", headers=headers)
        assert engine.getresponse().read()
        monkeypatch.setattr(listener, "STRANGER_SECONDS", 0.1)
        slow.sendall(call(service)[:10])
        assert slow.recv(1) == b""
        # Who has shown the token keeps its connection.
        engine.request("GET", "/api/user", headers=headers)
        assert engine.getresponse().status == 200


@pytest.mark.parametrize("body", [{}, {"entries": {}}, {"entries": [1]}, {"entries": [{"version": 1}]}, [], "x"])
def test_what_is_no_journal_entry_is_refused_and_nothing_is_taken_after_it(
    service: JournalService, layout: StateLayout, body: Any
) -> None:
    path, lease = started(service)
    before = layout.journal.read_bytes()
    assert ask(service, "PATCH", f"{path}/journalentries", body, token=lease)[0] == 400
    assert layout.journal.read_bytes() == before


def test_it_is_reached_from_this_machine_only(service: JournalService) -> None:
    assert service.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "path", ["stacks/organization/p/other/export", f"{STACK}/encrypt", "orgs/organization/members"]
)
def test_what_it_does_not_offer(service: JournalService, path: str) -> None:
    assert ask(service, "GET", path)[0] == 404


def test_an_engine_without_journals_is_refused(service: JournalService) -> None:
    update = ask(service, "POST", f"{STACK}/update", {})[1]["updateID"]
    status, answer = ask(service, "POST", f"{STACK}/update/{update}", {})
    assert status == 400
    assert "journaling" in answer["message"]
    assert service.problems == [answer["message"]]

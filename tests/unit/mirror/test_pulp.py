"""The REST client, against a small server that answers as Pulp does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mirror.errors import PulpError, TaskError
from mirror.pulp import Pulp

ROOT = "/pulp/api/v3/"

Answers = dict[str, list[tuple[int, Any]]]


def task(state: str, error: Any = None, done: int = 0, made: tuple[str, ...] = ()) -> dict[str, Any]:
    report = {"message": "Downloading Artifacts", "state": "running", "done": done, "total": 9}
    reports = [report, {"message": "Later", "state": "waiting", "done": 0, "total": None}]
    return {"state": state, "error": error, "progress_reports": reports, "created_resources": list(made)}


class Server:
    """Answers each request by the next answer of its list; the last one is given again and again.

    Attributes:
        answers: by ``METHOD path``, status and JSON.
        asked: the requests, with their bodies.
    """

    def __init__(self) -> None:
        self.answers: Answers = {"POST login/": [(201, {})], "DELETE login/": [(204, None)]}
        self.asked: list[tuple[str, Any]] = []


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    there = Server()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path = self.path.removeprefix(ROOT)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            there.asked.append((f"{self.command} {path}", json.loads(body) if body else None))
            listed = there.answers.get(f"{self.command} {path.partition('?')[0]}", [(404, {"detail": "Not found."})])
            status, answer = listed.pop(0) if len(listed) > 1 else listed[0]
            self.send_response(status)
            self.send_header("Set-Cookie", "csrftoken=token")
            self.end_headers()
            if answer is not None:
                self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - names that the base class calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield there, f"http://127.0.0.1:{http.server_address[1]}"
        finally:
            http.shutdown()
            thread.join()


def test_all_pages_are_read(server: tuple[Server, str]) -> None:
    there, url = server
    pages = [{"results": [{"n": 1}, {"n": 2}], "next": "more"}, {"results": [{"n": 3}], "next": None}]
    there.answers["GET things/"] = [(200, page) for page in pages]
    with Pulp(url, "secret") as pulp:
        assert [one["n"] for one in pulp.list("things/", name="x")] == [1, 2, 3]
    assert "offset=2" in there.asked[2][0]


def test_a_resource_that_a_task_makes_is_waited_for(server: tuple[Server, str]) -> None:
    there, url = server
    there.answers["POST things/"] = [(202, {"task": f"{ROOT}tasks/1/"})]
    there.answers["GET tasks/1/"] = [
        (200, task("waiting")),
        (200, task("running", done=4)),
        (200, task("completed", done=9, made=(f"{ROOT}things/7/",))),
    ]
    there.answers["GET things/7/"] = [(200, {"n": 7})]
    told: list[str] = []
    with Pulp(url, "secret", told.append) as pulp:
        assert pulp.create("things/", {"name": "x"}, "a thing") == {"n": 7}
    assert told == [f"a thing: downloading artifacts {done} of 9" for done in (0, 4, 9)]


def test_a_failed_task_tells_pulps_own_words_and_the_others_are_waited_for(server: tuple[Server, str]) -> None:
    there, url = server
    there.answers["GET tasks/1/"] = [(200, task("failed", {"description": "404, message='Not Found'"}))]
    there.answers["GET tasks/2/"] = [(200, task("running")), (200, task("completed"))]
    there.answers["GET tasks/3/"] = [(200, task("canceled", {"reason": "worker gone"}))]
    with Pulp(url, "secret") as pulp:
        with pytest.raises(TaskError) as one:
            pulp.wait_all({"tasks/1/": "debian", "tasks/2/": "rocky"}, 30.0)
        assert not there.answers["GET tasks/2/"][1:]
        with pytest.raises(TaskError) as both:
            pulp.wait_all({"tasks/1/": "debian", "tasks/3/": "rocky"}, 30.0)
    assert (one.value.where, one.value.evidence) == ("debian", "404, message='Not Found'")
    assert both.value.where == "debian, rocky"
    assert both.value.evidence == "debian: 404, message='Not Found'\nrocky: worker gone"


def test_a_task_that_takes_too_long_is_cancelled(server: tuple[Server, str]) -> None:
    there, url = server
    there.answers["GET tasks/1/"] = [(200, task("running"))]
    there.answers["POST sync/"] = [(202, {"task": f"{ROOT}tasks/1/"})]
    there.answers["PATCH tasks/1/"] = [(202, {})]
    with pytest.raises(TaskError) as late, Pulp(url, "secret") as pulp:
        pulp.wait(pulp.start("sync/", {}), "debian", limit=0.0)
    assert late.value.where == "debian"
    assert "--limit" in late.value.remedy
    assert there.asked[-2:] == [("PATCH tasks/1/", {"state": "canceled"}), ("DELETE login/", None)]


def test_what_still_goes_on_at_the_end_of_a_command_is_cancelled(server: tuple[Server, str]) -> None:
    there, url = server
    there.answers["POST sync/"] = [(202, {"task": f"{ROOT}tasks/{number}/"}) for number in (1, 2, 3)]
    there.answers["GET tasks/1/"] = [(200, task("completed"))]
    # The third one has just ended by itself.
    there.answers["PATCH tasks/2/"], there.answers["PATCH tasks/3/"] = [(202, {})], [(409, {"detail": "has ended"})]
    with Pulp(url, "secret") as pulp:
        pulp.wait(pulp.start("sync/", {}), "debian")
        pulp.start("sync/", {})
        pulp.start("sync/", {})
    assert {path for path, _ in there.asked if path.startswith("PATCH")} == {"PATCH tasks/2/", "PATCH tasks/3/"}


def test_what_an_interrupted_command_left_is_cancelled_and_awaited(server: tuple[Server, str]) -> None:
    there, url = server
    left = {"results": [{"pulp_href": f"{ROOT}tasks/1/"}], "next": None}
    there.answers["GET tasks/"] = [(200, left), (200, {"results": [], "next": None})]
    there.answers["PATCH tasks/1/"] = [(202, {})]
    there.answers["GET tasks/1/"] = [(200, task("canceling")), (200, task("canceled"))]
    told: list[str] = []
    with Pulp(url, "secret", told.append) as pulp:
        pulp.cancel_going("prn:deb:1", "debian")
        pulp.cancel_going("prn:deb:2", "rocky")
    assert told[0] == "debian: cancelling tasks left by an interrupted command"
    assert [path for path, _ in there.asked if path.startswith("PATCH")] == ["PATCH tasks/1/"]


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ({"name": ["This field must be unique.", "Too long."]}, "name: This field must be unique.\nname: Too long."),
        ({"detail": "Invalid username/password."}, "Invalid username/password."),
        ({"non_field_errors": ["Both or none."], "url": "No."}, "Both or none.\nurl: No."),
        (["odd"], "['odd']"),
    ],
)
def test_a_refused_request_is_explained(server: tuple[Server, str], answer: Any, evidence: str) -> None:
    there, url = server
    there.answers["POST things/"] = [(400, answer)]
    with Pulp(url, "secret") as pulp, pytest.raises(PulpError) as caught:
        pulp.start("things/", {})
    assert (caught.value.status, caught.value.evidence) == (400, evidence)


def test_deleting_what_is_not_there_is_no_error_but_other_refusals_are(server: tuple[Server, str]) -> None:
    there, url = server
    there.answers["DELETE things/8/"] = [(403, {"detail": "no"})]
    with Pulp(url, "secret") as pulp:
        pulp.delete("things/7/", "a thing")
        with pytest.raises(PulpError, match="403"):
            pulp.delete("things/8/", "a thing")


def test_a_pulp_that_does_not_answer_is_named() -> None:
    with pytest.raises(PulpError) as caught, Pulp("http://127.0.0.1:1", "secret"):
        pytest.fail("logged in to nothing")
    assert (caught.value.where, caught.value.status) == ("http://127.0.0.1:1/pulp/api/v3/login/", 0)
    assert "secret" not in str(caught.value)

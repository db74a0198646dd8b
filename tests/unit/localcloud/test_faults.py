import io
import json
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import FaultError, NotFoundError
from localcloud.faults.fault import Fault
from localcloud.faults.middleware import SOCKET_KEY, FaultMiddleware
from localcloud.faults.store import VARIABLE, FaultStore, take_server_fault

ACTION = "/v2.1/servers/5b8b/action"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultStore:
    path = tmp_path / "faults.json"
    monkeypatch.setenv(VARIABLE, str(path))
    return FaultStore(path)


@pytest.mark.parametrize(
    ("fault", "matches"),
    [
        (Fault("answer"), True),
        (Fault("answer", method="post"), True),
        (Fault("answer", method="GET"), False),
        (Fault("answer", service="cinder"), False),
        (Fault("answer", path=r"/servers/[^/]+/action$"), True),
        (Fault("answer", path=r"^/servers"), False),
        (Fault("answer", body='"rebuild"'), True),
        (Fault("answer", body='"reboot"'), False),
        (Fault("delay"), True),
        (Fault("rebuild-error"), False),
    ],
)
def test_a_switch_is_for_the_calls_that_it_names(fault: Fault, matches: bool) -> None:
    assert fault.matches_call("nova", "POST", ACTION, '{"rebuild": {}}') is matches


@pytest.mark.parametrize(
    "values",
    [
        {"effect": "explode"},
        {"effect": "answer", "status": 404},
        {"effect": "answer", "path": "("},
        {"effect": "answer", "service": "swift"},
        {"effect": "answer", "times": 0},
        {"effect": "delay", "seconds": -1},
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        Fault.from_dict(values)


def test_no_switch_no_file(store: FaultStore) -> None:
    fault = store.add(Fault("answer"))
    assert store.faults() == [fault]
    assert store.clear(fault.id) == 1
    assert not store.path.exists()


def test_a_switch_that_is_not_on_cannot_be_cleared(store: FaultStore) -> None:
    with pytest.raises(NotFoundError):
        store.clear("0badcafe")


def test_calls_are_counted_down(store: FaultStore) -> None:
    store.add(Fault("answer", times=2))
    assert [store.take(lambda _: True) is not None for _ in range(4)] == [True, True, False, False]


def test_a_switch_without_a_number_stays(store: FaultStore) -> None:
    store.add(Fault("answer", times=None))
    assert all(store.take(lambda _: True) for _ in range(5))


def _take_often(path: Path) -> int:
    return sum(FaultStore(path).take(lambda _: True) is not None for _ in range(40))


def test_threads_and_processes_together_take_each_call_once(store: FaultStore) -> None:
    store.add(Fault("answer", times=50))
    with get_context("spawn").Pool(2) as pool, ThreadPoolExecutor(4) as threads:
        elsewhere = pool.map_async(_take_often, [store.path] * 2)
        here = list(threads.map(_take_often, [store.path] * 4))
        assert sum(here) + sum(elsewhere.get(60)) == 50


def test_server_faults_are_found_by_name_or_id(store: FaultStore) -> None:
    store.add(Fault("rebuild-error", server="^compute-1$"))
    assert not take_server_fault("never-boots", "5b8b", "compute-1")
    assert not take_server_fault("rebuild-error", "5b8b", "compute-10")
    assert take_server_fault("rebuild-error", "5b8b", "compute-1")
    assert not take_server_fault("rebuild-error", "5b8b", "compute-1")


def _application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("202 Accepted", [])
    return [environ["wsgi.input"].read()]


def _call(service: str = "nova", body: bytes = b'{"rebuild": {}}', **more: Any) -> tuple[str, dict[str, str], bytes]:
    answer: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/v2.1",
        "PATH_INFO": "/servers/5b8b/action",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    content = FaultMiddleware(_application, service)(environ, lambda *arguments: answer.extend(arguments))
    return answer[0], dict(answer[1]), b"".join(content)


def test_without_a_switch_the_application_answers(store: FaultStore) -> None:
    assert not store.faults()
    assert _call() == ("202 Accepted", {}, b'{"rebuild": {}}')


def test_a_body_that_was_searched_still_reaches_the_application(store: FaultStore) -> None:
    store.add(Fault("answer", body="reboot"))
    assert _call()[2] == b'{"rebuild": {}}'


@pytest.mark.parametrize(
    ("service", "status", "where"),
    [
        ("nova", 409, ("conflictingRequest", "message")),
        ("cinder", 429, ("overLimit", "message")),
        ("neutron", 503, ("NeutronError", "message")),
        ("keystone", 500, ("error", "message")),
    ],
)
def test_answers_look_like_the_service_s_own(
    store: FaultStore, service: str, status: int, where: tuple[str, str]
) -> None:
    fault = store.add(Fault("answer", service=service, status=status, seconds=7))
    line, headers, body = _call(service)
    assert line.startswith(f"{status} ")
    assert fault.id in json.loads(body)[where[0]][where[1]]
    assert headers["X-Openstack-Request-Id"].startswith("req-")
    assert headers.get("Retry-After") == ("7" if status in (429, 503) else None)


@pytest.mark.parametrize(("effect", "done"), [("cut-before", False), ("cut-after", True)])
def test_a_cut_connection_is_reset(store: FaultStore, effect: Any, done: bool) -> None:
    store.add(Fault(effect))
    worked = threading.Event()

    class Body(io.BytesIO):
        def read(self, *arguments: Any) -> bytes:
            worked.set()
            return super().read(*arguments)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            # A length of zero leaves the body alone, so that only the application reads it.
            more: dict[str, Any] = {"CONTENT_LENGTH": "0", "wsgi.input": Body(b""), SOCKET_KEY: server}
            _call("nova", b"", **more)
            assert client.recv(100) == b""
    assert worked.is_set() is done


def test_a_delayed_call_is_answered_by_the_application(store: FaultStore) -> None:
    store.add(Fault("delay", seconds=0))
    assert _call()[0] == "202 Accepted"
    assert not store.faults()

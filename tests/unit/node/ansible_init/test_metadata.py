from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from node.ansible_init.metadata import Metadata, MetadataError, MetadataSource

PATH = "/openstack/latest/meta_data.json"
DOCUMENT = {"uuid": "7a3c", "name": "demo-login-0", "meta": {"control_address": "10.0.0.5", "compute": "True"}}


class Service:
    """A metadata service on loopback that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                status, body = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{PATH}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(*answers: tuple[int, str]) -> Service:
        service = Service(*answers)
        services.append(service)
        threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return service

    yield start
    for service in services:
        service.server.shutdown()
        service.server.server_close()


def source(url: str, *, limit: float = 5.0, drives: tuple[Path, ...] = ()) -> MetadataSource:
    return MetadataSource(url, drives, limit=limit, timeout=2, first_pause=0.01, longest_pause=0.05)


def test_the_service_is_read_once_when_it_answers(serve: Callable[..., Service]) -> None:
    service = serve((200, json.dumps(DOCUMENT)))
    lines: list[str] = []
    metadata = source(service.url).read(lines.append)
    assert metadata == Metadata("7a3c", "demo-login-0", {"control_address": "10.0.0.5", "compute": "True"})
    assert service.asked == [PATH]
    assert lines == []


@pytest.mark.parametrize(
    "not_yet",
    [(404, ""), (500, "oops"), (200, "{not json"), (200, "[]"), (200, "{}"), (200, '{"uuid": "1", "meta": []}')],
)
def test_an_answer_that_is_not_there_yet_is_asked_for_again(
    serve: Callable[..., Service], not_yet: tuple[int, str]
) -> None:
    service = serve(not_yet, not_yet, (200, json.dumps(DOCUMENT)))
    lines: list[str] = []
    assert source(service.url).read(lines.append).instance_id == "7a3c"
    assert len(service.asked) == 3
    assert len(lines) == 2
    assert all("no metadata yet" in line for line in lines)


def test_the_search_ends_at_its_limit_and_says_what_was_last_heard(serve: Callable[..., Service]) -> None:
    service = serve((503, "away"))
    with pytest.raises(MetadataError, match=rf"{re.escape(service.url)}.* 503 "):
        source(service.url, limit=0.3).read(lambda _: None)
    assert len(service.asked) > 1


def test_nobody_listening_is_an_error_too() -> None:
    with pytest.raises(MetadataError, match="Connection refused"):
        source("http://127.0.0.1:9/meta_data.json", limit=0.0).read(lambda _: None)


def test_a_proxy_of_the_environment_is_not_used(serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert source(serve((200, json.dumps(DOCUMENT))).url).read(lambda _: None).instance_id == "7a3c"


def test_the_config_drive_answers_where_there_is_no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for mount and umount: no loop device is needed to show what is read and that it is let go.
    log = tmp_path / "log"
    programs = tmp_path / "bin"
    programs.mkdir()
    content = tmp_path / "drive" / "openstack" / "latest"
    content.mkdir(parents=True)
    (content / "meta_data.json").write_text(json.dumps(DOCUMENT))
    for name, does in {"mount": f'cp -r {tmp_path}/drive/. "$3"', "umount": 'rm -r "$1"/*'}.items():
        (programs / name).write_text(f'#!/bin/sh -e\necho {name} "$@" >> {log}\n{does}\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    drive = tmp_path / "config-2"
    drive.touch()
    metadata = source("http://127.0.0.1:9/none", limit=0, drives=(tmp_path / "absent", drive)).read(lambda _: None)
    assert metadata.meta["control_address"] == "10.0.0.5"
    lines = log.read_text().splitlines()
    assert lines[0].startswith(f"mount --read-only {drive} ")
    assert lines[1] == f"umount {lines[0].split()[-1]}"


def test_a_config_drive_that_cannot_be_mounted_is_part_of_the_error(tmp_path: Path) -> None:
    not_a_device = tmp_path / "config-2"
    not_a_device.write_text("nothing")
    with pytest.raises(MetadataError, match=r"Connection refused.*config-2: mount: "):
        source("http://127.0.0.1:9/none", limit=0, drives=(not_a_device,)).read(lambda _: None)


@pytest.mark.parametrize(
    ("value", "set_"),
    [("true", True), ("True", True), (" yes ", True), ("1", True), ("false", False), ("", False), ("maybe", False)],
)
def test_a_flag_is_a_word_for_true(value: str, set_: bool) -> None:
    assert Metadata("1", meta={"ansible_init_disable": value}).flag("ansible_init_disable") is set_
    assert Metadata("1").flag("ansible_init_disable") is False

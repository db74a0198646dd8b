"""Asking the download site costs a few seconds at most, whatever the network does."""

import threading
import urllib.error
import urllib.request
from email.message import Message

import pytest

from toolchain import pins, release


class Answer:
    """A reply of the download site."""

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *details: object) -> None:
        pass


def test_a_site_that_replies_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def reply(request: urllib.request.Request, timeout: float) -> Answer:
        asked.append((request.full_url, timeout))
        return Answer()

    monkeypatch.setattr(urllib.request, "urlopen", reply)
    assert release.answers()
    assert asked == [(f"https://{pins.DOWNLOAD_SITE}/", pins.DOWNLOAD_SITE_TIMEOUT)]


@pytest.mark.parametrize(
    "problem",
    [
        urllib.error.URLError("name cannot be looked up"),
        TimeoutError("timed out"),
        urllib.error.HTTPError("https://", 403, "blocked by the proxy", Message(), None),
    ],
    ids=["no-name", "time-out", "proxy-refuses"],
)
def test_a_site_out_of_reach_does_not_answer(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def fail(*_arguments: object, **_options: object) -> Answer:
        raise problem

    monkeypatch.setattr(pins, "DOWNLOAD_SITE_TIMEOUT", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", fail)
    assert not release.answers()


def test_nobody_waits_for_a_network_that_swallows_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    released, returned = threading.Event(), threading.Event()

    def hang(*_arguments: object, **_options: object) -> Answer:
        released.wait(60)
        returned.set()
        raise TimeoutError

    monkeypatch.setattr(pins, "DOWNLOAD_SITE_TIMEOUT", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", hang)
    assert not release.answers()
    assert not returned.is_set()
    released.set()
    assert returned.wait(60)

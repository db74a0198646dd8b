"""What a program costs before and beside its resources."""

import subprocess
import sys

import pulumi
import pytest

from components.sdk_messages import WANTED, leave_out_debug
from toolchain.paths import REPOSITORY


class Engine:
    """Stands for the engine: keeps the messages that it is sent."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: object) -> None:  # noqa: N802 - the name in the engine's interface
        self.messages.append(str(getattr(request, "message", "")))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(pulumi.log, "get_engine", lambda: engine)
    # Put back in the end, whatever the test replaces it by.
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    return engine


@pytest.mark.parametrize(("given", "expected"), [({}, ["a warning"]), ({WANTED: "1"}, ["a warning", "a detail"])])
def test_debug_messages_are_left_out_unless_they_are_wanted(
    engine: Engine, given: dict[str, str], expected: list[str]
) -> None:
    leave_out_debug(given)
    pulumi.log.warn("a warning")
    pulumi.log.debug("a detail")
    assert engine.messages == expected


def test_a_program_that_builds_no_image_imports_no_openstacksdk() -> None:
    program = "import components.program, sys; print([n for n in ('openstack', 'keystoneauth1') if n in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"

"""ansible-init that is stopped while a playbook runs or starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.ansible_init import result
from node.ansible_init.run import AnsibleInitSettings
from tests.unit.node.ansible_init.server import go, written
from toolchain.paths import REPOSITORY


def test_sigterm_ends_the_playbook_and_is_the_result(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "10-long.yml").write_text("")
    long = tmp_path / "long"
    long.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    long.chmod(0o755)
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from node.ansible_init.metadata import Metadata, MetadataSource
        from node.ansible_init.run import AnsibleInitSettings, main
        class Known(MetadataSource):
            def read(self, log):
                return Metadata("server-1")
        folder = Path({str(tmp_path)!r})
        files = [folder / name for name in ("playbooks", "result.json", "none")]
        settings = AnsibleInitSettings(Known(), *files, {str(long)!r})
        sys.exit(main(settings, print))
    """)
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    try:
        end = time.monotonic() + 20
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < end, "the playbook was not started in 20 s"
            time.sleep(0.02)
        now = result.read(tmp_path / "result.json")
        assert now is not None
        assert (now.status, now.step) == ("running", "10-long.yml")
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 1
    finally:
        child.kill()
        child.wait()
    found = result.read(tmp_path / "result.json")
    assert found is not None
    assert (found.status, found.step) == ("failed", "10-long.yml")
    assert "SIGTERM" in found.error
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_sigterm_while_a_playbook_starts_leaves_none_behind(
    settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.playbooks / "10-long.yml").write_text("")
    long = settings.image.with_name("long")
    long.write_text("#!/bin/sh\nexec sleep 600\n")
    long.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    class Slow(subprocess.Popen[bytes]):
        """The signal comes when the child runs already, and nobody has a handle of it yet."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    try:
        assert go(replace(settings, program=str(long)))[0] == 1
        (child,) = started
        assert child.returncode == -signal.SIGTERM
    finally:
        for each in started:
            each.kill()
            each.wait()
    assert "SIGTERM" in written(settings).error

"""The folder that serves as PULUMI_HOME."""

from pathlib import Path

import pytest

from toolchain.home import assemble


def test_a_cache_that_was_copied_to_an_empty_home_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home/.pulumi"))
    home = assemble([])
    assert (home / "workspaces").is_dir()
    (tmp_path / "home/.pulumi/workspaces").rmdir()
    (tmp_path / "home/.pulumi").rmdir()

    assert assemble([]) == home

    assert (home / "workspaces").is_dir()

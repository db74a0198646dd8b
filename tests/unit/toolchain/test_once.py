"""A cache that several users share, and that only one of them may write to."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.unit.slurm_appliance.deploy_host.test_shared_folder import STRANGER, as_user, needs_root
from toolchain.errors import ToolchainError
from toolchain.once import exclusively


@needs_root
def test_what_another_user_made_is_used_and_nothing_else_is_promised() -> None:
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        cache.chmod(0o755)
        (cache / "complete").mkdir()

        def use() -> None:
            with exclusively(cache / "complete"):
                assert os.geteuid() == STRANGER
            with pytest.raises(ToolchainError) as refused, exclusively(cache / "missing"):
                pass
            assert refused.value.where == str(cache)
            assert "XDG_CACHE_HOME" in refused.value.remedy

        assert as_user(STRANGER, use) == 0
        assert not list(cache.glob("*.lock"))

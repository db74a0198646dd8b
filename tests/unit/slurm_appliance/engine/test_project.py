"""The folder that commands run a stack's program in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slurm_appliance.engine.project import prepare, stack_file
from slurm_appliance.errors import UsageError
from toolchain.paths import REPOSITORY


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "stacks"
    folder.mkdir()
    (folder / "Pulumi.test.yaml").write_text("config:\n  slurm-appliance:cluster_name: demo\n")
    return folder


def test_it_runs_the_checkouts_program(stacks: Path) -> None:
    folder = prepare("test", stacks)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert project == yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text()) | {"main": str(REPOSITORY)}
    assert (folder / "stacks/Pulumi.test.yaml").read_text() == (stacks / "Pulumi.test.yaml").read_text()


def test_the_salt_that_pulumi_wrote_is_kept_in_the_copy(stacks: Path) -> None:
    copy = prepare("test", stacks) / "stacks/Pulumi.test.yaml"
    copy.write_text(copy.read_text() + "encryptionsalt: v1:abc:def\n")
    (stacks / "Pulumi.test.yaml").write_text("config:\n  slurm-appliance:cluster_name: other\n")
    prepare("test", stacks)
    assert yaml.safe_load(copy.read_text()) == {
        "config": {"slurm-appliance:cluster_name": "other"},
        "encryptionsalt": "v1:abc:def",
    }


@pytest.mark.parametrize(("more", "kept"), [("", False), ("  demo:password:\n    secure: v1:x\n", True)])
def test_the_salt_of_another_state_is_kept_only_for_secrets_in_the_stack_file(
    stacks: Path, more: str, kept: bool
) -> None:
    """The state was lost, or is elsewhere by now, perhaps with another passphrase."""
    path = stacks / "Pulumi.test.yaml"
    path.write_text(path.read_text() + more)
    copy = prepare("test", stacks) / "stacks/Pulumi.test.yaml"
    copy.write_text(copy.read_text() + "encryptionsalt: v1:abc:def\n")
    prepare("test", stacks, new=True)
    assert ("encryptionsalt" in yaml.safe_load(copy.read_text())) is kept


def test_the_checkouts_own_salt_goes_first(stacks: Path) -> None:
    copy = prepare("test", stacks) / "stacks/Pulumi.test.yaml"
    copy.write_text(copy.read_text() + "encryptionsalt: v1:abc:def\n")
    (stacks / "Pulumi.test.yaml").write_text("encryptionsalt: v1:own:own\nconfig: {}\n")
    prepare("test", stacks)
    assert yaml.safe_load(copy.read_text())["encryptionsalt"] == "v1:own:own"


def test_a_stack_that_is_not_there(stacks: Path) -> None:
    with pytest.raises(UsageError, match=r"\bother\b") as refused:
        stack_file("other", stacks)
    assert refused.value.where == str(stacks / "Pulumi.other.yaml")
    assert ": test;" in refused.value.remedy


def test_the_first_stack(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.example.yaml").touch()
    with pytest.raises(UsageError) as caught:
        stack_file("first", tmp_path)
    assert caught.value.remedy.startswith(f"write {tmp_path}/Pulumi.first.yaml;")


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_site_keeps_its_stack_files_elsewhere(stacks: Path, by: str) -> None:
    (stacks / "Pulumi.test.yaml").write_text("config:\n  slurm-appliance:cluster_name: 17\n")
    before, more = (["--stacks", str(stacks)], {}) if by == "option" else ([], {"SLURM_APPLIANCE_STACKS": str(stacks)})
    ended = subprocess.run(
        [sys.executable, "-m", "slurm_appliance", *before, "config", "validate", "--stack", "test"],
        cwd=REPOSITORY,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert str(stacks / "Pulumi.test.yaml") in ended.stdout + ended.stderr


def test_one_module_knows_where_stack_files_are() -> None:
    """Another would look at the checkout's while a site's are meant, and take its images for unused ones."""
    knowing = [
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "slurm_appliance").rglob("*.py")
        if 'REPOSITORY / "stacks"' in path.read_text()
    ]
    assert knowing == ["slurm_appliance/site_repository/place.py"]


def test_the_cloud_is_left_out_of_the_copy_where_variables_say_it(stacks: Path) -> None:
    path = stacks / "Pulumi.test.yaml"
    path.write_text("config:\n  openstack:cloud: production  # ours\n  slurm-appliance:cluster_name: demo\n")
    for without, left in ((True, set()), (False, {"openstack:cloud"})):
        copy = prepare("test", stacks, without_cloud=without) / "stacks/Pulumi.test.yaml"
        assert yaml.safe_load(copy.read_text())["config"].keys() - {"slurm-appliance:cluster_name"} == left

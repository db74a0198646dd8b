"""The site's certificates: their files are read before the first change, and an end is said."""

from pathlib import Path

from slurm_appliance.image.settings import from_settings
from tests.pem import certificate
from tests.unit.components.clusters import configured
from tests.unit.slurm_appliance.config.leaf import MANAGED_BUILD
from tests.unit.slurm_appliance.preflight.examined import findings


def test_files_are_read_and_missing_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "site.pem").write_text(certificate("Site"))
    found = findings(cacerts=[str(tmp_path / "site.pem")])
    assert found.ready("test").certificates == (certificate("Site"),)
    assert found.notes == ()
    missing = findings(cacerts=[str(tmp_path / "site.pem"), str(tmp_path / "other.pem")])
    assert [problem.path for problem in missing.problems] == ["cacerts[1]"]


def test_one_that_has_ended_is_a_note() -> None:
    found = findings(cacerts=[certificate("Former", -1)])
    assert [note.path for note in found.notes] == ["cacerts"]
    assert found.problems == ()


def test_a_build_trusts_them() -> None:
    config = configured(cacerts=[certificate("Site")], image_builds=MANAGED_BUILD)
    assert from_settings(config, "fat", "base").cacerts == (certificate("Site"),)


def test_a_missing_file_is_one_problem_also_where_an_image_is_built() -> None:
    builds = {"fat": {"base_image": "slurm-2026-11", "flavor": "m1.small"}}
    found = findings(cacerts=["/nonexistent/x.pem"], image_builds=builds, cluster_image={"build": "fat"})
    assert [problem.path for problem in found.problems] == ["cacerts[0]"]

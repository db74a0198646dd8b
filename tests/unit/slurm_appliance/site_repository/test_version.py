"""Which versions of the product belong to a site repository."""

from pathlib import Path

import pytest

from slurm_appliance import __version__
from slurm_appliance.engine.project import stack_file
from slurm_appliance.errors import ExitStatus, UsageError
from slurm_appliance.site_repository.place import SITE_FILE
from slurm_appliance.site_repository.version import ProductVersion, version_note


@pytest.mark.parametrize(
    ("wanted", "product", "belongs"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "1.4.0", True),
        ("1.2.3", "2.0.0", False),
        ("0.1.0", "0.1.7", True),
        ("0.1.0", "0.2.0", False),
        ("0.9.0", "1.0.0", False),
    ],
)
def test_another_series_is_said(tmp_path: Path, wanted: str, product: str, belongs: bool) -> None:
    (tmp_path / SITE_FILE).write_text(f'version: "{wanted}"\n')
    note = version_note(tmp_path, product)
    assert (note is None) is belongs


@pytest.mark.parametrize("product", ["1.2.2", "1.1.9", "0.9.0"])
def test_an_older_product_is_refused(tmp_path: Path, product: str) -> None:
    (tmp_path / SITE_FILE).write_text("version: 1.2.3\n")
    with pytest.raises(UsageError) as refused:
        version_note(tmp_path, product)
    assert refused.value.where == str(tmp_path / SITE_FILE)
    assert refused.value.exit_status == ExitStatus.USAGE


@pytest.mark.parametrize("text", ["", "version: 1.2\n", "- 1\n", "version: [\n", "version: 0.1.0\ncolour: red\n"])
def test_a_file_with_something_else_in_it(tmp_path: Path, text: str) -> None:
    (tmp_path / SITE_FILE).write_text(text)
    with pytest.raises(UsageError) as refused:
        version_note(tmp_path, "1.2.3")
    assert refused.value.where == str(tmp_path / SITE_FILE)


def test_without_the_file_every_version_belongs(tmp_path: Path) -> None:
    assert version_note(tmp_path) is None


def test_our_own_version_has_the_form() -> None:
    assert str(ProductVersion.of(__version__)) == __version__


def test_every_command_about_a_stack_refuses(tmp_path: Path) -> None:
    (tmp_path / SITE_FILE).write_text("version: 999.0.0\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.a.yaml").touch()
    with pytest.raises(UsageError) as refused:
        stack_file("a", tmp_path / "stacks")
    assert "999.0.0" in refused.value.remedy

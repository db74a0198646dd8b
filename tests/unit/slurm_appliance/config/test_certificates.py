"""The site's certificates: what is taken as one, where it is read from, and when it ends."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.config.certificates import certificates, ended
from slurm_appliance.errors import ConfigError, Problem
from tests.pem import certificate, private_key
from tests.unit.slurm_appliance.config.examples import smallest

ONE, OTHER = certificate("One"), certificate("Other")


def config(*entries: Any) -> ClusterConfig:
    return from_mapping(smallest(cacerts=list(entries)), "a test")


def test_none() -> None:
    assert certificates(config()) == ()


def test_text_and_files_each_certificate_once_and_in_one_form(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(f"# One\n{ONE}\nSubject: Other\n{OTHER}")
    found = certificates(config(OTHER, str(bundle), ONE.strip()))
    assert found == (OTHER, ONE)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (ONE.replace("M", "N", 1), "part 1 of it is not a certificate"),
        (ONE + ONE[:200] + ONE[210:], "part 2 of it is not a certificate"),
        (ONE + private_key(), "has a PRIVATE KEY in it"),
        ("-----BEGIN CERTIFICATE-----\nMII", "has no certificate in it"),
        ("MIIB\nMIIC", "is neither PEM text nor a path"),
    ],
)
def test_text_that_is_refused(entry: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(ONE, entry)
    assert [(each.path, each.what) for each in caught.value.problems] == [("cacerts[1]", what)]
    assert private_key().splitlines()[1] not in str(caught.value)


def test_all_files_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "key.pem").write_text(private_key())
    (tmp_path / "binary.pem").write_bytes(b"\xff\xfe")
    names = ("missing.pem", "empty.pem", "key.pem", "binary.pem", ".")
    with pytest.raises(ConfigError) as caught:
        certificates(config(*(str(tmp_path / name) for name in names), "~nobody-of-that-name/x"))
    assert [each.path for each in caught.value.problems] == [f"cacerts[{number}]" for number in range(6)]


def test_those_that_have_ended() -> None:
    former = certificate("Former", -1)
    [problem] = ended([ONE, former], datetime.now(tz=UTC))
    assert isinstance(problem, Problem)
    assert "CN=Former" in problem.what

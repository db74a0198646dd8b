"""An image's packages against the data of Debian's security tracker."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slurm_appliance import cli
from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.commands import image_audit as command
from slurm_appliance.image.audit import Vulnerability, audit, release_of
from slurm_appliance.image.errors import ImageError, TrackerError
from slurm_appliance.image.images import GlanceImage, packed
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.security_tracker import SecurityTracker

RECORD = ImageRecord(
    {"name": "fat-1", "os": "Debian 12.8"},
    {"libssl3": "3.0.14-1", "openssl": "3.0.14-1", "munge": "0.5.15-2", "libc6": "2.36-9+b1", "bash": "5.2-1"},
    {"libssl3": ("openssl", "3.0.14-1"), "libc6": ("glibc", "2.36-9")},
)


def tracker(**sources: dict[str, dict[str, Any]]) -> SecurityTracker:
    """Data as the tracker has it: source, CVE, what is known for Debian 12."""
    document = {
        source: {name: {"releases": {"bookworm": facts}} for name, facts in issues.items()}
        for source, issues in sources.items()
    }
    return SecurityTracker.parse(json.dumps(document))


def resolved(version: str, urgency: str = "not yet assigned") -> dict[str, str]:
    return {"status": "resolved", "fixed_version": version, "urgency": urgency}


def open_(urgency: str = "not yet assigned") -> dict[str, str]:
    return {"status": "open", "urgency": urgency}


@pytest.mark.parametrize(
    ("facts", "fixed_in"),
    [
        (resolved("3.0.15-1~deb12u1"), "3.0.15-1~deb12u1"),
        (resolved("3.0.14-1"), None),
        (resolved("3.0.14-1~deb12u2"), None),
        (resolved("0"), None),
        (open_(), ""),
        ({"status": "undetermined", "urgency": "not yet assigned"}, None),
    ],
    ids=["older", "the same", "newer", "never affected", "open", "undetermined"],
)
def test_a_version_is_vulnerable_below_the_one_that_is_fixed(facts: dict[str, str], fixed_in: str | None) -> None:
    found = audit(RECORD, tracker(openssl={"CVE-2026-1": facts}), "bookworm").findings
    assert [one.fixed_in for one in found] == ([] if fixed_in is None else [fixed_in])


def test_binary_packages_are_found_by_their_source_and_its_version() -> None:
    # libc6 was rebuilt (+b1): the source's version counts, and it is the fixed one.
    data = tracker(openssl={"CVE-2026-1": resolved("3.0.15-1")}, glibc={"CVE-2026-2": resolved("2.36-9")})
    assert audit(RECORD, data, "bookworm").findings == (
        Vulnerability("CVE-2026-1", "openssl", "3.0.14-1", "3.0.15-1", "not yet assigned", ("libssl3", "openssl")),
    )
    data = tracker(glibc={"CVE-2026-2": resolved("2.36-9+deb12u1")})
    assert [one.packages for one in audit(RECORD, data, "bookworm").findings] == [("libc6",)]


def test_what_counts_is_the_release_of_the_image() -> None:
    document = {"bash": {"CVE-2026-3": {"releases": {"trixie": open_()}}}, "zsh": {"CVE-2026-4": {"releases": {}}}}
    data = SecurityTracker.parse(json.dumps(document))
    assert audit(RECORD, data, "bookworm").findings == ()
    assert [one.issue for one in audit(RECORD, data, "trixie").findings] == ["CVE-2026-3"]


def test_unimportant_issues_are_left_out_and_the_order_is_that_of_urgency() -> None:
    data = tracker(
        bash={"CVE-2026-9": open_("low"), "CVE-2026-10": open_("unimportant"), "CVE-2026-11": open_("end-of-life")},
        munge={"CVE-2026-2": resolved("0.6", "high"), "CVE-2026-1": resolved("0.6", "medium")},
        openssl={"CVE-2026-5": resolved("3.1")},
    )
    found = [one.issue for one in audit(RECORD, data, "bookworm").findings]
    assert found == ["CVE-2026-2", "CVE-2026-1", "CVE-2026-9", "CVE-2026-5", "CVE-2026-11"]


def test_how_much_was_compared_is_said() -> None:
    report = audit(RECORD, tracker(bash={}, glibc={}), "bookworm")
    assert (report.packages, report.sources, report.known_sources) == (5, 4, 2)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("not json", ""),
        ("[]", ""),
        ('{"bash": []}', "bash"),
        ('{"bash": {"CVE-2026-1": {"releases": []}}}', "bash CVE-2026-1"),
        ('{"bash": {"CVE-2026-1": {"releases": {"bookworm": {}}}}}', "bash CVE-2026-1"),
        ('{"bash": {"CVE-2026-1": {"releases": {"bookworm": {"status": "resolved"}}}}}', "bash CVE-2026-1"),
        (
            '{"bash": {"CVE-1": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "a b"}}}}}',
            "bash CVE-1",
        ),
        ('{"bash": {"CVE-1\\u001b[2J": {"releases": {"bookworm": {"status": "open"}}}}}', "bash"),
        ('{"bash": {"CVE-1": {"releases": {"bookworm": {"status": "open", "urgency": "\\u001b[2J"}}}}}', "bash CVE-1"),
    ],
)
def test_a_file_that_is_something_else_is_an_error_and_never_an_image_without_faults(text: str, where: str) -> None:
    with pytest.raises(TrackerError) as caught:
        audit(RECORD, SecurityTracker.parse(text), "bookworm")
    assert where in caught.value.where
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("os", "release"), [("Debian 12.8", "bookworm"), ("Debian 13", "trixie"), ("Debian 11.11", "bullseye")]
)
def test_the_release_is_that_of_the_record(os: str, release: str) -> None:
    assert release_of(ImageRecord({"name": "x", "os": os}, {}, {})) == release


@pytest.mark.parametrize("os", ["Rocky 9.4", "Debian 99", ""])
def test_a_release_that_is_not_known_has_to_be_named(os: str) -> None:
    with pytest.raises(ImageError, match="--release"):
        release_of(ImageRecord({"name": "x", "os": os}, {}, {}))


def test_the_record_keeps_sources_where_they_differ_and_travels_with_the_image(tmp_path: Path) -> None:
    (tmp_path / "image.json").write_text('{"name": "fat-1", "os": "Debian 12.8", "groups": []}')
    (tmp_path / "packages.txt").write_text("bash 5.2-1\nlibssl3 3.0.14-1\nlibc6 2.36-9+b1\n")
    (tmp_path / "sources.txt").write_text("bash bash 5.2-1\nlibssl3 openssl 3.0.14-1\nlibc6 glibc 2.36-9\n")
    (tmp_path / "accounts.txt").write_text("user root 0\ngroup root 0\n")
    record = ImageRecord.read(tmp_path)
    assert record.sources == {"libssl3": ("openssl", "3.0.14-1"), "libc6": ("glibc", "2.36-9")}
    assert ImageRecord.of_image(glance_image(record)).sources == record.sources


def glance_image(record: ImageRecord) -> GlanceImage:
    return GlanceImage.of(
        {
            "id": "4e5a28af-a8b6-45e6-b938-448554641284",
            "name": "fat-1",
            "status": "active",
            "created_at": "2026-11-29T00:00:00Z",
            "tags": [IMAGE_TAG],
            "size": 1,
            **record.properties(),
        }
    )


def test_an_image_whose_record_has_no_sources_cannot_be_audited() -> None:
    old = {"slurm_appliance_packages": packed("bash 5.2-1"), "slurm_appliance_os": "Debian 12.8"}
    body = {"id": "i", "name": "old", "status": "active", "created_at": "2026-11-29T00:00:00Z", **old}
    record = ImageRecord.of_image(GlanceImage.of(body))
    assert record.packages == {"bash": "5.2-1"}
    with pytest.raises(ImageError, match=r"\bold\b") as caught:
        audit(record, tracker(), "bookworm")
    assert "image build --force" in caught.value.remedy


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: str, *more: str) -> Any:
    (tmp_path / "tracker.json").write_text(data)
    monkeypatch.setattr(command, "image_api", lambda _cloud: None)
    monkeypatch.setattr("slurm_appliance.image.images.find", lambda _api, _reference: glance_image(RECORD))
    return CliRunner().invoke(cli.app, ["image", "audit", "fat-1", "--tracker", str(tmp_path / "tracker.json"), *more])


VULNERABLE = json.dumps(
    {
        "openssl": {"CVE-2026-1": {"releases": {"bookworm": resolved("3.0.15-1", "high")}}},
        "bash": {"CVE-2026-2": {"releases": {"bookworm": open_()}}},
    }
)


def test_the_command_prints_a_table_and_ends_with_3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run(monkeypatch, tmp_path, VULNERABLE)
    assert done.exit_code == 3, done.output
    rows = [line.split() for line in done.stdout.splitlines() if "CVE-" in line]
    assert rows[0] == ["CVE-2026-1", "high", "openssl", "3.0.14-1", "3.0.15-1", "libssl3", "openssl"]
    assert rows[1][-5:] == ["5.2-1", "no", "fix", "yet", "bash"]
    assert "2 issues, 1 with a fix" in done.output


def test_only_what_an_update_mends_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run(monkeypatch, tmp_path, VULNERABLE, "--fixable", "-o", "json")
    report = json.loads(done.stdout)
    assert [one["issue"] for one in report["findings"]] == ["CVE-2026-1"]
    assert (report["image"], report["release"], report["packages"]) == ("fat-1", "bookworm", 5)
    without = json.dumps({"bash": {"CVE-2026-2": {"releases": {"bookworm": open_()}}}})
    assert run(monkeypatch, tmp_path, without, "--fixable").exit_code == 0


def test_nothing_vulnerable_ends_with_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run(monkeypatch, tmp_path, '{"bash": {}}')
    assert done.exit_code == 0
    assert "no issue" in done.output


def test_data_that_know_none_of_the_image_s_packages_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = run(monkeypatch, tmp_path, '{"zsh": {}}')
    assert done.exit_code == 1
    assert "none of the image's source packages" in done.output


def test_a_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "image_api", lambda _cloud: None)
    done = CliRunner().invoke(cli.app, ["image", "audit", "fat-1", "--tracker", str(tmp_path / "none.json")])
    assert done.exit_code == 2


def test_help_says_what_the_exit_status_means() -> None:
    shown = " ".join(CliRunner().invoke(cli.app, ["image", "audit", "--help"], env={"COLUMNS": "200"}).stdout.split())
    assert "0: no issue found; 3:" in shown

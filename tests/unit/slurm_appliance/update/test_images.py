"""What a newer image changes, by packages and by known security issues."""

from dataclasses import replace

import pytest

from slurm_appliance.image.record import ImageRecord
from slurm_appliance.update.images import AuditedImage, compared
from tests.unit.slurm_appliance.image.test_audit import RECORD, resolved, tracker

FIXED, OPEN = "CVE-2026-1", "CVE-2026-2"
DATA = tracker(openssl={FIXED: resolved("3.0.15-1")}, glibc={OPEN: resolved("2.36-10")})
NEWER = replace(
    RECORD,
    packages={**RECORD.packages, "libssl3": "3.0.15-1", "openssl": "3.0.15-1"},
    sources={**(RECORD.sources or {}), "libssl3": ("openssl", "3.0.15-1")},
)


def audited(record: ImageRecord) -> AuditedImage:
    return AuditedImage.of_record(record.facts["name"], record, DATA)


def test_a_newer_image_says_what_it_fixes_and_what_stays_open() -> None:
    found = compared("fat", audited(RECORD), audited(NEWER), "an-id")

    assert found.changes is not None
    assert [change.name for change in found.changes.packages] == ["libssl3", "openssl"]
    assert (found.fixed, found.open) == ((FIXED,), (OPEN,))
    assert not found.same_packages


@pytest.mark.parametrize(("former", "same"), [(RECORD, True), (None, False)])
def test_an_image_with_the_same_packages_brings_nothing(former: ImageRecord | None, same: bool) -> None:
    found = compared("fat", audited(former) if former else None, audited(RECORD), "an-id")

    assert found.same_packages is same
    assert found.fixed == ()


def test_without_the_trackers_data_no_issue_is_named() -> None:
    before, after = (AuditedImage.of_record("fat", record, None) for record in (RECORD, NEWER))

    found = compared("fat", before, after, "an-id")

    assert (found.fixed, found.open) == ((), ())

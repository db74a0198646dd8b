"""Finds packages of an image with known security issues, by comparing its record with Debian's security tracker."""

from dataclasses import dataclass

from slurm_appliance.image.debian_version import DebianVersion
from slurm_appliance.image.errors import ImageError, TrackerError
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.security_tracker import Issue, SecurityTracker

#: Names of Debian's releases in the tracker.
_RELEASES = {"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}

#: The tracker's urgencies, the worst first; others follow.
_ORDER = ("high", "medium", "low", "not yet assigned")

#: By the tracker's rules, not a security issue of Debian's package.
_UNIMPORTANT = "unimportant"


@dataclass(frozen=True)
class Vulnerability:
    """An issue of a package in the image.

    Attributes:
        issue: the CVE.
        source: the source package.
        installed: its version in the image.
        fixed_in: the version that fixes it; empty if there is none.
        urgency: the tracker's urgency.
        packages: the image's packages built from the source.
    """

    issue: str
    source: str
    installed: str
    fixed_in: str
    urgency: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class AuditReport:
    """The result of an audit.

    Attributes:
        findings: the worst first.
        packages: number of packages in the image.
        sources: number of their source packages.
        known_sources: number of source packages known to the tracker; it has no issues for others.
    """

    findings: tuple[Vulnerability, ...]
    packages: int
    sources: int
    known_sources: int


def release_of(record: ImageRecord) -> str:
    """The code name of an image's Debian release.

    Raises:
        ImageError: it has none, or an unknown one.
    """
    name, _, version = record.facts.get("os", "").partition(" ")
    release = _RELEASES.get(version.partition(".")[0]) if name == "Debian" else None
    if release is None:
        raise ImageError(
            f"the image {record.facts['name']} has {record.facts.get('os') or 'no operating system in its record'}: "
            "its release in Debian's security tracker is unknown",
            remedy=f"if it is a Debian image, set the release: --release {_RELEASES['12']}",
        )
    return release


def audit(record: ImageRecord, tracker: SecurityTracker, release: str) -> AuditReport:
    """Compare an image's packages with the tracker's data for a release.

    Raises:
        ImageError: the record has no source packages, or an invalid version.
        TrackerError: the data are malformed, or contain none of the image's packages.
    """
    binaries: dict[tuple[str, str], list[str]] = {}
    for package, source in record.source_packages().items():
        binaries.setdefault(source, []).append(package)
    known = {source for source, _ in binaries if tracker.knows(source)}
    if binaries and not known:
        raise TrackerError(
            "the data contain none of the image's source packages",
            remedy="check that this is the complete file of Debian's security tracker",
        )
    findings = [
        Vulnerability(
            issue.name, source, version, issue.fixed_version.text if issue.fixed_version else "", issue.urgency, made
        )
        for (source, version), packages in sorted(binaries.items())
        if (made := tuple(sorted(packages)))
        for issue in tracker.issues(source, release)
        if _concerns(issue, _installed(source, version))
    ]
    sources = {source for source, _ in binaries}
    return AuditReport(tuple(sorted(findings, key=_rank)), len(record.packages), len(sources), len(known))


def _installed(source: str, version: str) -> DebianVersion:
    try:
        return DebianVersion(version)
    except ValueError as error:
        raise ImageError(f"the image's record: {error}", where=source) from error


def _concerns(issue: Issue, installed: DebianVersion) -> bool:
    if issue.urgency == _UNIMPORTANT or issue.status == "undetermined":
        return False
    # The tracker's version 0: no version in the release was ever affected.
    return issue.fixed_version is None or installed < issue.fixed_version


def _rank(finding: Vulnerability) -> tuple[int, str, str]:
    urgency = finding.urgency.rstrip("* ")
    return (_ORDER.index(urgency) if urgency in _ORDER else len(_ORDER), finding.source, finding.issue)

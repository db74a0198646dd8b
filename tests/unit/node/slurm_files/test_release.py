"""Which release of Slurm can be upgraded to which other one."""

from __future__ import annotations

import pytest

from node.slurm_files.release import UPGRADES, Verdict, refusal, release, steps, upstream, verdict


@pytest.mark.parametrize(
    ("version", "named", "own"),
    [
        ("24.11.5-4+deb13u1", "24.11", "24.11.5"),
        ("22.05.8-4+deb12u3", "22.05", "22.05.8"),
        ("slurm-wlm 22.05.8", "22.05", "22.05.8"),
        ("slurm 25.05.0-0rc1\n", "25.05", "25.05.0"),
        ("1:26.05.5-1", "26.05", "26.05.5"),
        ("24.11", "24.11", "24.11"),
        ("", "", ""),
        ("none", "", ""),
        ("2024.115", "", ""),
    ],
)
def test_the_release_in_a_version(version: str, named: str, own: str) -> None:
    assert (release(version), upstream(version)) == (named, own)


@pytest.mark.parametrize(
    ("former", "new", "found"),
    [
        ("24.11", "24.11", Verdict.SAME),
        ("22.05", "23.11", Verdict.UPGRADE),
        ("24.11", "26.05", Verdict.UPGRADE),
        ("22.05", "24.11", Verdict.TOO_OLD),
        ("23.11", "26.05", Verdict.TOO_OLD),
        ("26.05", "24.11", Verdict.DOWNGRADE),
        ("24.11", "22.05", Verdict.DOWNGRADE),
        ("26.05", "26.11", Verdict.UNKNOWN),
        ("20.11", "22.05", Verdict.UNKNOWN),
        ("", "24.11", Verdict.UNKNOWN),
        ("24.11", "", Verdict.UNKNOWN),
    ],
)
def test_whether_a_state_can_be_used(former: str, new: str, found: Verdict) -> None:
    assert verdict(former, new) is found
    assert (refusal(former, new) is not None) == found.refused


@pytest.mark.parametrize(
    ("former", "new", "way"),
    [
        ("22.05", "24.11", ["23.11", "24.11"]),
        ("22.05", "26.05", ["23.11", "25.05", "26.05"]),
        ("24.11", "26.05", ["26.05"]),
        ("26.05", "24.11", []),
        ("20.02", "24.11", []),
    ],
)
def test_the_steps_between_two_releases(former: str, new: str, way: list[str]) -> None:
    assert steps(former, new) == way


def test_a_refusal_names_the_steps() -> None:
    refused = refusal("22.05.8-4", "24.11.5-4")

    assert refused is not None
    assert "23.11" in refused[1]
    assert "24.11.5" in refused[0]


def test_upgrades_lead_to_newer_releases_only() -> None:
    assert all(former < new for new, formers in UPGRADES.items() for former in formers)

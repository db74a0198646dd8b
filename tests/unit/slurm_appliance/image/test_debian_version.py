"""Debian's order of versions, compared with the rules and with dpkg itself."""

import re
import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slurm_appliance.image.debian_version import DebianVersion

#: Each is older than the next one.
ASCENDING = [
    "0~~", "0~~a", "0~", "0", "0.0", "0.1", "0.1-1", "0.1-1.1", "0.1a", "0.1+b", "0.9", "0.10~rc1-1", "0.10-1~bpo12+1",
    "0.10-1", "0.10-1+b1", "0.10-1+deb12u1", "0.10-1+deb12u2", "0.10-1+deb12u10", "0.10-2", "1.0-1", "1.0-1-1",
    "1:0.1", "2:0",
]  # fmt: skip


def test_versions_are_in_debian_s_order() -> None:
    keys = [DebianVersion(text) for text in ASCENDING]
    assert keys == sorted(keys)
    assert all(one < other for one, other in pairwise(keys))


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.", "1.0"), ("1.01", "1.1"), ("00", "0")]
)
def test_versions_that_are_written_differently_can_be_the_same(one: str, other: str) -> None:
    assert not DebianVersion(one) < DebianVersion(other)
    assert not DebianVersion(other) < DebianVersion(one)


@pytest.mark.parametrize("text", ["", " ", "a:1", "1 2", "1\n", ":1", "1:", "\x1b[31m1", "é"])
def test_what_is_no_version_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        DebianVersion(text)


_PARTS = st.lists(
    st.sampled_from(["0", "1", "10", "09", ".", "~", "+", "a", "Z", "-", "deb12u"]), min_size=1, max_size=6
)
_VERSIONS = st.builds(lambda epoch, parts: f"{epoch}1{''.join(parts)}", st.sampled_from(["", "0:", "2:"]), _PARTS)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="compares with dpkg")
@settings(max_examples=60, deadline=None)
@given(_VERSIONS.filter(lambda text: not text.endswith("-")), _VERSIONS.filter(lambda text: not text.endswith("-")))
def test_dpkg_says_the_same(one: str, other: str) -> None:
    older = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0
    assert (DebianVersion(one) < DebianVersion(other)) == older

"""What secrets may be."""

import base64
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slurm_appliance.config.secret_forms import (
    is_mirror_password,
    is_monitoring_password,
    is_munge_key,
    is_password,
    is_slurm_password,
)
from slurm_appliance.secrets.generate import MAKERS

FORMS = (is_password, is_slurm_password, is_monitoring_password, is_mirror_password)


@pytest.mark.parametrize("character", [*string.punctuation, "é", "😀"])
@pytest.mark.parametrize("is_form", FORMS)
def test_every_printable_character_has_a_place_in_a_password(character: str, is_form: Callable[[str], bool]) -> None:
    assert is_form(f"abc{character}1def123")
    assert is_form(f"{character}1abcdefg")
    assert is_form(f"abcdefg1{character}")


@pytest.mark.parametrize(
    "text",
    [
        "abc#def 123",
        "it's-a-secret",
        'a"bcdefgh',
        "pässwörd-1",
        "correct horse",
        "{{ x }} {% y %} {# z #}",
        "[1, 2, 3]",
    ],
)
def test_passwords(text: str) -> None:
    assert is_password(text)
    assert is_slurm_password(text)
    assert is_monitoring_password(text)


@pytest.mark.parametrize("text", ["short", " abcdefgh", "abcdefgh ", "a\tbcdefgh", "abcdef\u2028gh", "abc\u00a0defgh"])
@pytest.mark.parametrize("is_form", FORMS)
def test_what_gets_lost_where_it_is_copied(text: str, is_form: Callable[[str], bool]) -> None:
    assert not is_form(text)


@pytest.mark.parametrize("text", ['"abcdefgh"', 'abc "def" ghi'])
def test_what_slurmdbd_conf_cannot_hold(text: str) -> None:
    assert is_password(text)
    assert not is_slurm_password(text)


@pytest.mark.parametrize(("text", "whole"), [("x" * 72, True), ("x" * 73, False), ("é" * 36, True), ("é" * 37, False)])
def test_what_bcrypt_would_cut_off(text: str, whole: bool) -> None:
    assert is_password(text)
    assert is_monitoring_password(text) is whole


@pytest.mark.parametrize("text", ["abc def ghi", "abc$basearch", "abc${basearch}", "$DNF0xyzabc"])
def test_what_the_files_of_apt_and_dnf_cannot_hold(text: str) -> None:
    assert is_password(text)
    assert not is_mirror_password(text)


@given(st.binary(max_size=1100))
def test_munge_keys_are_base64_of_so_many_bytes(key: bytes) -> None:
    assert is_munge_key(base64.b64encode(key).decode()) is (32 <= len(key) <= 1024)


@pytest.mark.parametrize("text", ["", "no base64 at all, but long enough to pass for a key", "ä" * 60, "A" * 61])
def test_what_is_no_munge_key(text: str) -> None:
    assert not is_munge_key(text)


def test_what_is_generated_is_of_the_right_form() -> None:
    assert is_munge_key(MAKERS["munge_key"]())
    assert is_slurm_password(MAKERS["slurm_database_password"]())

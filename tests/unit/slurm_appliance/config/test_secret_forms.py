"""What secrets may be."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slurm_appliance.config.secret_forms import is_munge_key, is_password, is_slurm_password
from slurm_appliance.secrets.generate import MAKERS


@pytest.mark.parametrize("character", string.punctuation)
def test_every_printable_character_has_a_place_in_a_password(character: str) -> None:
    assert is_password(f"abc{character}def123")
    assert is_slurm_password(f"abc{character}def123")


@pytest.mark.parametrize("text", ["abc#def 123", "it's-a-secret", 'a"bcdefgh', "pässwörd-1", "correct horse"])
def test_passwords(text: str) -> None:
    assert is_password(text)
    assert is_slurm_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "short",
        " abcdefgh",
        "abcdefgh ",
        "abc{{def123",
        "abc{%def123",
        "abc{#def123",
        "[abcdefg]",
        "{abcdefgh}",
        "a\tbcdefgh",
    ],
)
def test_what_ansible_would_change(text: str) -> None:
    assert not is_password(text)


@pytest.mark.parametrize("text", ['"abcdefgh"', 'abc "def" ghi'])
def test_what_slurmdbd_conf_cannot_hold(text: str) -> None:
    assert is_password(text)
    assert not is_slurm_password(text)


@given(st.binary(max_size=1100))
def test_munge_keys_are_base64_of_so_many_bytes(key: bytes) -> None:
    assert is_munge_key(base64.b64encode(key).decode()) is (32 <= len(key) <= 1024)


@pytest.mark.parametrize("text", ["", "no base64 at all, but long enough to pass for a key", "ä" * 60, "A" * 61])
def test_what_is_no_munge_key(text: str) -> None:
    assert not is_munge_key(text)


def test_what_is_generated_is_of_the_right_form() -> None:
    assert is_munge_key(MAKERS["munge_key"]())
    assert is_slurm_password(MAKERS["slurm_database_password"]())

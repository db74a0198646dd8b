"""Keys that come with the product: the ones that the table says, and a site's own before them."""

import base64
import hashlib
from pathlib import Path

import pytest
import yaml

from slurm_appliance.image.package_keys import FOLDER, SOURCES, key_file

KEYS = {path.name: path for path in FOLDER.iterdir() if path != SOURCES}


def fingerprint(armoured: str) -> str:
    """The fingerprint of the first packet, a public key of version 4 (RFC 9580, 4.2 and 5.5.4.2)."""
    data = base64.b64decode(armoured.partition("\n\n")[2].partition("\n=")[0])
    first, rest = data[:1], data[1:]
    # An old header has the length itself, a new one less 192 above 191.
    assert first in (b"\x99", b"\xc6"), "a public key, with two octets of length"
    length = int.from_bytes(rest[:2]) - (0 if first == b"\x99" else (192 << 8) - 192)
    body = rest[2 : 2 + length]
    assert body[0] == 4
    return hashlib.sha1(b"\x99" + length.to_bytes(2) + body, usedforsecurity=False).hexdigest().upper()


def test_each_key_has_the_fingerprint_of_the_table_and_the_page() -> None:
    table = yaml.safe_load(SOURCES.read_text())
    assert {name: fingerprint(path.read_text()) for name, path in KEYS.items()} == {
        name: entry["fingerprint"] for name, entry in table.items()
    }
    page = (Path(__file__).parents[4] / "docs/distributions.md").read_text()
    assert [
        name for name, entry in table.items() if f"| `{name}` | {entry['signs']} | `{entry['fingerprint']}`" not in page
    ] == []


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_found_by_its_name(name: str, tmp_path: Path) -> None:
    assert key_file(name, tmp_path) == FOLDER / name


def test_a_site_s_own_file_goes_first(tmp_path: Path) -> None:
    own = tmp_path / "RPM-GPG-KEY-Rocky-9"
    own.touch()
    assert key_file(own.name, tmp_path) == own
    assert key_file(str(own), Path("/nowhere")) == own


@pytest.mark.parametrize("setting", ["keys/site.asc", "../package_keys.py", "sources.yml", "RPM-GPG-KEY-unknown"])
def test_nothing_else_of_the_product_is_a_key(setting: str, tmp_path: Path) -> None:
    assert key_file(setting, tmp_path) == tmp_path / setting

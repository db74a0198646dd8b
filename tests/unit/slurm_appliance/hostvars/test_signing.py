"""Signatures: what OpenSSH itself would make, and each bundle signed for its own node."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.compute_init.signature import NAMESPACE, is_key, verify
from slurm_appliance.hostvars.bundle import ComputeNode
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.export import export_files
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.site.files import signing_key

SEED = b"s" * 32
KEY = SigningKey(base64.b64encode(SEED).decode())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The same key as OpenSSH keeps it."""
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(
        Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    return path


@pytest.mark.parametrize("message", [b"", b"one line\n", bytes(range(256)) * 40], ids=["empty", "line", "bytes"])
def test_signatures_are_the_bytes_that_openssh_makes(message: bytes, key_file: Path) -> None:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key_file)]
    made = subprocess.run(command, input=message, capture_output=True, check=True).stdout
    assert KEY.signature(message, NAMESPACE) == made


def test_the_public_part_is_what_openssh_makes_of_the_key(key_file: Path) -> None:
    shown = subprocess.run(["ssh-keygen", "-y", "-f", str(key_file)], capture_output=True, text=True, check=True).stdout
    assert shown.split()[:2] == KEY.public.split()
    assert is_key(KEY.public)
    assert len(KEY.public) <= 255, "Nova takes no longer values"


def test_each_bundle_is_signed_for_its_node() -> None:
    nodes = [ComputeNode(f"c{n}", f"10.0.0.{n}", f"server-{n}", "image", {}, frozenset()) for n in (1, 2)]
    files = export_files(nodes, {}, key=KEY, serial=77)
    for name, server in (("c1", "server-1"), ("c2", "server-2")):
        said = verify(files[f"nodes/{name}/bundle.signed"], KEY.public)
        assert (said.node, said.instance_id, said.serial) == (name, server, 77)
        assert said.bundle == hashlib.sha256(files[f"nodes/{name}/bundle.json"]).hexdigest()


def test_the_stack_makes_keys_that_sign() -> None:
    key = SigningKey(MAKERS["bundle_signing_key"]())
    assert verify(key.signed(b"{}", node="n", instance_id="i", serial=1), key.public).node == "n"


@pytest.mark.parametrize("secret", ["", "short", base64.b64encode(b"x" * 31).decode(), "not base64 at all, no"])
def test_what_is_no_key_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(HostVariablesError, match="secrets rotate bundle_signing_key") as raised:
        SigningKey(secret)
    assert not secret or secret not in str(raised.value)


def test_without_the_key_nothing_is_exported() -> None:
    with pytest.raises(HostVariablesError, match="bundle_signing_key") as raised:
        signing_key({"control": {}}, "control")
    assert raised.value.where == "control"

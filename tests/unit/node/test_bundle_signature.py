"""What answers in the control node's place serves nothing: a bundle is used only if the stack signed it for this node.

Each attack runs the whole program, with the real ssh-keygen and real signatures.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.ansible_init.metadata import Metadata
from node.compute_init.fetch import MOST_HEAD, MOST_STATEMENT
from node.compute_init.settings import ComputeInitSettings
from slurm_appliance.hostvars.signing import SigningKey
from tests.unit.node.compute_node import FILES, KEY, META, NODE, calls, go, head, put
from tests.unit.node.known_metadata import Known

OTHER_KEY = SigningKey(base64.b64encode(b"o" * 32).decode())
SIGNED = "bundle.signed"


def _signed(folder: Path, key: SigningKey = KEY, node: str = NODE, instance_id: str = "server-1") -> None:
    content = (folder / "bundle.json").read_bytes()
    (folder / SIGNED).write_bytes(key.signed(content, node=node, instance_id=instance_id, serial=101))


def _forged(folder: Path) -> None:
    """Another content below a signature that was made for the former one."""
    before = (folder / SIGNED).read_bytes()
    put(folder, {"variables.json": b"{\"munge_key\": \"{{ lookup('pipe', 'id') }}\"}"})
    (folder / SIGNED).write_bytes(before)


def _edited(folder: Path) -> None:
    """A true statement with one word changed."""
    path = folder / SIGNED
    path.write_bytes(path.read_bytes().replace(b'"serial": 100', b'"serial": 999'))


def _no_signature(folder: Path) -> None:
    (folder / SIGNED).write_bytes((folder / SIGNED).read_bytes().partition(b"-----BEGIN")[0])


def _content(content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / SIGNED).write_bytes(content)

    return write


def _cut(folder: Path) -> None:
    path = folder / SIGNED
    path.write_bytes(path.read_bytes()[:-40])


def _large(name: str, size: int) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.truncate(size)

    return write


def _another_user(folder: Path) -> None:
    """As root on the control node could: one more user for all nodes, in as many bytes."""
    (folder / "users.json").write_bytes(b"[]\n")


def _listed_anew(folder: Path) -> None:
    """Another list of users, and a bundle.json that fits it, below the former signature."""
    before = (folder / SIGNED).read_bytes()
    put(folder, {**FILES, "users.json": b'{"mallory": {"uid": 2000, "sudo": true}}'})
    (folder / SIGNED).write_bytes(before)


def _signed_by_its_own_key(folder: Path) -> None:
    """As a squatter would who hopes that the key in the signature is believed."""
    _signed(folder, OTHER_KEY)


def _for_another_use(folder: Path) -> None:
    """Signed by the stack's key, but not as a bundle."""
    statement = (folder / SIGNED).read_bytes().partition(b"-----BEGIN")[0]
    (folder / SIGNED).write_bytes(statement + KEY.signature(statement, "file"))


ATTACKS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no statement": (lambda folder: (folder / SIGNED).unlink(), "wrong-signature", "bundle.json exists without"),
    "no signature": (_no_signature, "wrong-signature", "has no signature"),
    "not a statement": (_content(b"\0" * 99), "wrong-signature", "no signature"),
    "empty": (_content(b""), "wrong-signature", "no signature"),
    "cut off": (_cut, "wrong-signature", "is not signed with the stack's key"),
    "edited": (_edited, "wrong-signature", "is not signed with the stack's key"),
    "another key": (_signed_by_its_own_key, "wrong-signature", "is not signed with the stack's key"),
    "another use": (_for_another_use, "wrong-signature", "is not signed with the stack's key"),
    "endless statement": (_large(SIGNED, 1 << 34), "wrong-bundle", "bundle.signed is larger than 4096 bytes"),
    "huge statement": (_large(SIGNED, MOST_STATEMENT + 1), "wrong-bundle", "bundle.signed is larger than 4096 bytes"),
    "huge head": (_large("bundle.json", MOST_HEAD + 1), "wrong-bundle", "bundle.json is larger than"),
    "huge file": (_large("hosts", 1 << 34), "wrong-bundle", "hosts is larger than"),
    "huge shared file": (_large("users.json", 1 << 34), "wrong-bundle", "users.json is larger than 3 bytes"),
    "forged shared file": (_another_user, "wrong-bundle", "users.json does not match bundle.json"),
    "listed otherwise": (_listed_anew, "wrong-bundle", "bundle.json does not match bundle.signed"),
    "forged content": (_forged, "wrong-bundle", "bundle.json does not match bundle.signed"),
    "another node": (lambda folder: _signed(folder, node="demo-c-1"), "wrong-bundle", "for node 'demo-c-1'"),
    "another server": (lambda folder: _signed(folder, instance_id="s-0"), "wrong-bundle", "for server 's-0'"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_used_of_what_the_stack_did_not_sign_for_this_node(
    attack: str, settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    make, state, said = ATTACKS[attack]
    assert go(settings)[1].state == "done"
    shutil.rmtree(settings.kept)
    make(folder)
    status, record, _ = go(replace(settings, force=True))
    assert (status, record.status, record.state, record.step) == (1, "failed", state, "fetch")
    assert said in record.error
    assert len(calls(tmp_path)) == 1, "roles ran on it"
    assert not settings.work.exists()


def test_the_signature_comes_before_anything_else_is_read(settings: ComputeInitSettings, folder: Path) -> None:
    """A squatter's bundle.json is not even fetched."""
    put(folder, schema=7)
    _signed(folder, OTHER_KEY)
    assert go(settings)[1].state == "wrong-signature"


def test_an_older_bundle_is_refused_by_a_node_that_has_seen_a_newer_one(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    put(folder, {"variables.json": b'{"munge_key": "new"}'}, serial=200)
    assert go(settings)[1].serial == 200
    for name, content in old.items():
        (folder / name).write_bytes(content)
    for _ in range(2):  # What was refused does not become what is known.
        status, record, _ = go(settings)
        assert (status, record.state, record.serial) == (1, "wrong-bundle", 200)
    assert "serial 200" in record.error
    assert len(calls(tmp_path)) == 1


def test_what_a_node_has_seen_outlives_runs_that_end_early(settings: ComputeInitSettings, folder: Path) -> None:
    put(folder, serial=200)
    go(settings)
    assert go(replace(settings, source=Known(answer="no answer")))[1].state == "metadata"
    put(folder, serial=100)
    assert go(settings)[1].state == "wrong-bundle"


def test_a_bundle_that_was_seen_and_failed_counts_as_seen(settings: ComputeInitSettings, folder: Path) -> None:
    put(folder, {"variables.json": b'{"break": true}'}, serial=200)
    assert go(settings)[1].state == "role-failed"
    put(folder, serial=100)
    assert go(settings)[1].state == "wrong-bundle"


def test_the_same_content_signed_anew_is_no_reason_to_run_the_roles(
    settings: ComputeInitSettings, folder: Path
) -> None:
    go(settings)
    put(folder, serial=300)
    record = go(settings)[1]
    assert (record.state, record.serial) == ("unchanged", 300)


def test_a_new_key_starts_a_new_count(settings: ComputeInitSettings, folder: Path) -> None:
    """Its metadata says which key counts, so that a rotation also ends what a wrong clock began."""
    put(folder, serial=10**12)
    go(settings)
    _signed(folder, OTHER_KEY)
    server = Metadata("server-1", NODE, {**META, "bundle_key": OTHER_KEY.public})
    record = go(replace(settings, source=Known(answer=server)))[1]
    assert (record.state, record.serial) == ("unchanged", 101)
    assert go(settings)[1].state == "wrong-signature", "the former key is no longer right"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "has no bundle_key: run pulumi up"),
        ("", "has no bundle_key: run pulumi up"),
        ("ssh-ed25519 AAAA\n* ssh-ed25519 BBBB", "bundle_key is not an OpenSSH Ed25519 key"),
        ("cert-authority ssh-ed25519 AAAA", "bundle_key is not an OpenSSH Ed25519 key"),
    ],
)
def test_without_a_key_in_the_metadata_nothing_is_fetched(
    key: str | None, said: str, settings: ComputeInitSettings, tmp_path: Path
) -> None:
    meta = {name: value for name, value in {**META, "bundle_key": key}.items() if value is not None}
    status, record, _ = go(replace(settings, source=Known(answer=Metadata("server-1", NODE, meta))))
    assert (status, record.state) == (1, "metadata")
    assert said in record.error
    assert calls(tmp_path) == []


def test_the_result_says_nothing_secret(settings: ComputeInitSettings) -> None:
    go(settings)
    document = json.loads(settings.result.read_text())
    assert document["bundle_key"] == KEY.public
    assert head().decode() not in settings.result.read_text()

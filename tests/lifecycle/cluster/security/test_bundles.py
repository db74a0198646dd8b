"""Whoever answers in the control node's place serves nothing: bundles that the stack did not sign are not used.

The attacker has more here than a user who binds port 2049: the file service itself serves what root on the control node
forged. The templates in it would run as root on the node.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live

NODE = "c-1"
FOLDER = f"/var/lib/state/compute-init/nodes/life-{NODE}"
SAVED = "/root/saved-bundle"
#: What a template of the forger leaves behind on the node, if it is ever rendered.
OWNED = "/root/owned"
#: Settings that the node must keep.
SETTINGS = "sha256sum /etc/munge/munge.key /etc/hosts"

#: Writes other variables and a bundle.json that fits them; signs it with a key of the forger's own if told to.
FORGE = f"""
import hashlib, json, pathlib, subprocess, sys
folder = pathlib.Path("{FOLDER}")
statement = json.loads((folder / "bundle.signed").read_text().partition("\\n")[0])
names = json.loads((folder / "variables.json").read_text())
variables = json.dumps(dict.fromkeys(names, "{{{{ lookup('pipe', 'touch {OWNED}') }}}}")).encode()
(folder / "variables.json").write_bytes(variables)
head = json.loads((folder / "bundle.json").read_text())
head["files"]["variables.json"] = hashlib.sha256(variables).hexdigest()
(folder / "bundle.json").write_text(json.dumps(head))
if sys.argv[1] == "sign":
    statement["bundle"] = hashlib.sha256((folder / "bundle.json").read_bytes()).hexdigest()
    text = (json.dumps(statement) + "\\n").encode()
    pathlib.Path("/root/forger").unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/forger"], check=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "slurm-appliance-bundle", "-f", "/root/forger"]
    signature = subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout
    (folder / "bundle.signed").write_bytes(text + signature)
"""


def _forge(word: str) -> str:
    return f"python3 - {word} <<'END'\n{FORGE}END\n"


#: What root on the control node does, and why the node says that it is not used.
ATTACKS = {
    "no signature": (f"rm {FOLDER}/bundle.signed", "bundle.json exists without bundle.signed"),
    "a key of the forger's": (_forge("sign"), "bundle.signed is not signed with the stack's key"),
    "another content": (_forge("keep"), "bundle.json does not match bundle.signed"),
    "another node's": (
        f"for name in bundle.signed bundle.json variables.json; do cp {FOLDER}/../life-c-0/$name {FOLDER}/; done",
        "the bundle is for node 'life-c-0'",
    ),
    "cut off": (f"truncate --size=-40 {FOLDER}/bundle.signed", "bundle.signed is not signed with the stack's key"),
    # A new file: nfs-ganesha has the size of one that it knows in its cache for a minute.
    "endless": (
        f"rm {FOLDER}/bundle.signed && truncate --size=1T {FOLDER}/bundle.signed",
        "bundle.signed is larger than 4096 bytes",
    ),
}


def _record(live: Live) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(live.run(NODE, "cat /var/lib/ansible-init/compute-init.json"))
    return found


def _start(live: Live) -> None:
    live.run(NODE, "systemctl restart --no-block compute-init")


@pytest.fixture(scope="module", autouse=True)
def repaired(live: Live) -> Iterator[None]:
    """What root on the control node forged is not left to the other tests: site.yml replaces it."""
    yield
    assert live.site()["exit_status"] == 0
    assert _record(live)["status"] == "done"
    live.wait_for_state(NODE, "IDLE")


@pytest.fixture(scope="module")
def saved(live: Live) -> None:
    """A copy of what lies on the control node for the node, but of the digest, which must stay the same file."""
    live.run("control", f"rm -rf {SAVED} && cp -a {FOLDER} {SAVED} && rm {SAVED}/follow")


@pytest.fixture
def exported(live: Live, saved: None) -> None:  # noqa: ARG001 - it has to be there
    """What lies on the control node for the node is what site.yml exported."""
    live.run("control", f"for each in {SAVED}/*; do rm -f {FOLDER}/${{each##*/}}; cp -a $each {FOLDER}/; done")


def _refused(live: Live, said: str) -> None:
    """The node tries, says why it uses nothing, and is what it was before."""
    before = live.run(NODE, SETTINGS)
    _start(live)

    def why() -> str:
        record = _record(live)
        return f"{record['reason']} {record['error']}"

    wait_until(f"compute-init to say {said!r}", lambda: said in why(), 120)
    assert _record(live)["step"] == "fetch"
    assert live.login.run(live.address(NODE), f"test -e {OWNED}").returncode == 1
    assert live.run(NODE, SETTINGS) == before
    assert live.run(NODE, "systemctl is-active slurmd munge") == "active\nactive"


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bundle_that_the_stack_did_not_sign_is_not_used(live: Live, attack: str) -> None:
    command, said = ATTACKS[attack]
    live.run("control", command)
    _refused(live, said)


@pytest.mark.extended
@pytest.mark.usefixtures("exported")
def test_an_older_bundle_is_not_used(live: Live) -> None:
    live.run("control", f"cp {FOLDER}/bundle.signed /root/older")
    assert live.site()["exit_status"] == 0
    serial = _record(live)["serial"]
    live.run(
        "control", f"cp --preserve=all {FOLDER}/bundle.signed /root/newer; cat /root/older > {FOLDER}/bundle.signed"
    )
    try:
        _refused(live, "is older than the last one on this node")
        assert _record(live)["serial"] == serial
    finally:
        live.run("control", f"cat /root/newer > {FOLDER}/bundle.signed")
    _start(live)
    wait_until("compute-init to end well", lambda: _record(live)["status"] == "done", 120)


@pytest.mark.extended
def test_the_control_node_has_no_key_to_sign_with(live: Live) -> None:
    """Root there can look everywhere: neither the secret nor the deploy host's copy of it ever comes."""
    secrets = (live.environment.inventory / "group_vars/all/secrets.yml").read_text()
    (line,) = [line for line in secrets.splitlines() if line.startswith("bundle_signing_key:")]
    secret = json.loads(line.partition(":")[2])
    # Not as an argument, where everybody would see it.
    search = "grep -rsFl -D skip -f - /etc /root /var/lib /usr/lib/slurm-appliance"
    assert live.run("control", f"{search} <<'END' || test $? = 1\n{secret}\nEND") == ""
    assert secret not in live.run("control", f"cat {FOLDER}/*")

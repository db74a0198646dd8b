"""Drift: a state and lists of a cloud in, what is gone or runs another image out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.cloud.facts import Named, Rule, ShareFacts, ShareRule, Volume
from slurm_appliance.deployment.drift import Drift, absent, mended, other_images
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    COMMAND,
    KEY_PAIR,
    PORT,
    ROUTER,
    SECURITY_GROUP_RULE,
    SERVER,
    SHARE,
    SHARE_ACCESS,
    VOLUME,
)
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.supposition import Supposition
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, port, server


def resource(type_: str, id_: str, name: str = "x", **more: Any) -> dict[str, Any]:
    inputs = dict(zip(("instanceId", "volumeId"), id_.split("/"), strict=True)) if type_ == ATTACHMENT else {}
    return {"urn": f"urn:pulumi:test::p::{type_}::{name}", "type": type_, "id": id_, "inputs": inputs, **more}


_VOLUMES = (Volume("v", "demo-home", 1, "in-use", ("s",)),)

_SHARES = (ShareFacts("s", "demo-data", rules=(ShareRule("r", "ip", "10.0.0.0/24", "rw"),)),
           ShareFacts("t", "old", detailed=False))  # fmt: skip


def access(id_: str, share: str) -> dict[str, Any]:
    return resource(SHARE_ACCESS, id_) | {"inputs": {"shareId": share}}


ABSENT: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "a server": (resource(SERVER, "s"), {}, True),
    "a server that is there": (resource(SERVER, "s"), {"servers": (server("x", id="s"),)}, False),
    "one that the engine is about to delete": (resource(SERVER, "s", delete=True), {}, False),
    "a port": (resource(PORT, "id-of-p"), {"ports": (port("p"),)}, False),
    "a rule": (resource(SECURITY_GROUP_RULE, "r"), {"security_group_rules": (Rule("q", "g", ()),)}, True),
    "a router": (resource(ROUTER, "r"), {"routers": (Named("q", "r"),)}, True),
    "a router in a cloud that shows none": (resource(ROUTER, "r"), {"absent": frozenset({"router"})}, False),
    "a volume": (resource(VOLUME, "w"), {"volumes": _VOLUMES}, True),
    "a volume in a cloud that shows none": (resource(VOLUME, "w"), {"absent": frozenset({"volume"})}, False),
    "a share": (resource(SHARE, "w"), {"shares": _SHARES}, True),
    "a share that is there": (resource(SHARE, "s"), {"shares": _SHARES}, False),
    "a share where Manila was not asked": (resource(SHARE, "w"), {"absent": frozenset({"shared file system"})}, False),
    "an access rule": (access("r", "s"), {"shares": _SHARES}, False),
    "an access rule that was taken": (access("q", "s"), {"shares": _SHARES}, True),
    "an access rule of a share that is gone": (access("r", "w"), {"shares": ()}, True),
    "an access rule of a share that was not looked at": (access("q", "t"), {"shares": _SHARES}, False),
    "an attachment": (resource(ATTACHMENT, "s/v"), {"volumes": _VOLUMES}, False),
    "an attachment elsewhere": (resource(ATTACHMENT, "t/v"), {"volumes": _VOLUMES}, True),
    "a key pair, which only its user sees": (resource(KEY_PAIR, "k"), {"key_pairs": ()}, False),
    "a command": (resource(COMMAND, "c"), {}, False),
}


@pytest.mark.parametrize("case", ABSENT)
def test_what_no_list_shows(case: str) -> None:
    recorded, facts, gone = ABSENT[case]
    assert bool(absent({"resources": [recorded]}, cloud(**facts))) is gone


def test_a_protected_volume_is_known_as_such() -> None:
    (missing,) = absent({"resources": [resource(VOLUME, "w", inputs={"name": "demo-home"}, protect=True)]}, cloud())
    assert missing.protected
    assert str(missing).startswith("volume demo-home (w) ")


def test_what_went_with_a_server_is_forgotten_with_it() -> None:
    gone = resource(SERVER, "s", "demo-c-0")
    attachment = resource(ATTACHMENT, "s/v", "scratch", deletedWith=gone["urn"])
    needs = resource(COMMAND, "c", "inventory", dependencies=[gone["urn"], "other"],
                     propertyDependencies={"stdin": [gone["urn"]]})  # fmt: skip
    state = {"resources": [gone, attachment, needs], "manifest": {}}
    drift = Drift(tuple(each for each in absent(state, cloud(volumes=_VOLUMES)) if each.type == SERVER))
    (left,) = mended(state, drift)["resources"]
    assert (left["dependencies"], left["propertyDependencies"]) == (["other"], {"stdin": []})
    assert needs["dependencies"] == [gone["urn"], "other"], "the state that was given is not changed"


@pytest.mark.parametrize(
    ("running", "target", "last_target", "drifted"),
    [
        (IMAGE, OTHER_IMAGE, None, False),
        (OTHER_IMAGE, OTHER_IMAGE, None, False),
        (OTHER_IMAGE, "a-third", OTHER_IMAGE, False),
        (OTHER_IMAGE, "a-third", None, True),
        (OTHER_IMAGE, None, "a-third", True),
        ("", OTHER_IMAGE, None, False),
    ],
)
def test_an_image_that_nobody_asked_for(
    running: str, target: str | None, last_target: str | None, drifted: bool
) -> None:
    hosts = {"all": {"children": {"compute": {"hosts": {"demo-c-0": {"image_id": last_target}}}}}}
    request = json.dumps({"files": {"inventory/hosts.yml": json.dumps(hosts)}})
    resources = [
        resource(SERVER, "s", inputs={"imageId": IMAGE}),
        *([resource(COMMAND, "c", "inventory", inputs={"stdin": request})] if last_target else []),
    ]
    there = replace(server("demo-c-0", id="s"), image_id=running)
    assert bool(other_images({"resources": resources}, cloud(servers=(there,)), {"demo-c-0": target})) is drifted


def test_a_supposed_state_is_for_previews_only(tmp_path: Path) -> None:
    supposed = Supposition(StateLayout(tmp_path, "p", "s"), {"resources": [resource(SERVER, "s")]})
    supposed.start(supposed.announce("preview"), "v3")
    assert [each["id"] for each in supposed.export()["deployment"]["resources"]] == ["s"]
    with pytest.raises(JournalError):
        supposed.start(supposed.announce("update"), "v3")
    assert list(tmp_path.iterdir()) == []

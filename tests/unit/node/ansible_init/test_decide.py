"""Whether ansible-init runs, from what is known of the server and of its last run."""

from __future__ import annotations

import pytest

from node.ansible_init.metadata import Metadata
from node.ansible_init.result import Result
from node.ansible_init.run import decide

DECISIONS: list[tuple[str, dict[str, str], Result | None, list[str], str, str]] = [
    ("first boot", {}, None, ["a.yml"], "run", "first boot of this image"),
    ("cut off", {}, Result("running", "t", instance_id="s", image_build="i"), ["a.yml"], "run", "was interrupted"),
    ("skipped before", {}, Result("skipped", "t", reason="r", instance_id="s", image_build="i"), ["a"], "run", ": r"),
    ("done", {}, Result("done", "t", "e", instance_id="s", image_build="i"), ["a.yml"], "leave", "already done at e"),
    (
        "done and now disabled",
        {"ansible_init_disable": "true"},
        Result("done", "t", "e", instance_id="s", image_build="i"),
        ["a.yml"],
        "leave",
        "already done",
    ),
    ("disabled", {"ansible_init_disable": "TRUE"}, None, ["a.yml"], "skip", "ansible_init_disable=TRUE"),
    ("disable is false", {"ansible_init_disable": "false"}, None, ["a.yml"], "run", "first boot"),
    ("no playbooks", {}, None, [], "skip", "no playbooks"),
]


@pytest.mark.parametrize(
    ("meta", "former", "books", "kind", "why"), [d[1:] for d in DECISIONS], ids=[d[0] for d in DECISIONS]
)
def test_decisions(meta: dict[str, str], former: Result | None, books: list[str], kind: str, why: str) -> None:
    action = decide(Metadata("s", meta=meta), former, "i", books)
    assert action.kind == kind
    assert why in action.reason

"""The site's certificates on a node: installed, and gone when they are taken out; an interrupted run is continued."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.ansible.roles import RoleRun, run_role
from toolchain.paths import REPOSITORY

FIRST, SECOND = "-----BEGIN CERTIFICATE-----\nfirst\n", "-----BEGIN CERTIFICATE-----\nsecond\n"


def paths(folder: Path, command: str) -> dict[str, Any]:
    return {
        "cacerts_folder": str(folder / "anchors"),
        "cacerts_record": str(folder / "state" / "cacerts"),
        "cacerts_command": command,
        "cacerts_command_after_removal": f"{command}; touch {folder}/after-removal",
    }


def run(folder: Path, *lists: list[str], command: str = "true") -> list[RoleRun]:
    given: list[dict[str, Any]] = [{"cacerts_certificates": each} for each in lists]
    return run_role(folder, "cacerts/configure", paths(folder, command), *given)


def installed(folder: Path) -> set[str]:
    return {path.read_text() for path in (folder / "anchors").glob("*.crt")}


def test_installed_once_replaced_and_taken_out(tmp_path: Path) -> None:
    copied = f"cat {tmp_path}/anchors/*.crt >> {tmp_path}/store; echo >> {tmp_path}/store"
    runs = run(tmp_path, [], [FIRST], [FIRST], [SECOND, FIRST], [FIRST, SECOND], [SECOND], command=copied)
    assert [each.changed for each in runs] == [False, True, False, True, False, True]
    assert installed(tmp_path) == {SECOND}
    assert (tmp_path / "after-removal").exists()
    assert (tmp_path / "store").read_text().splitlines()[-3:] == [*SECOND.splitlines(), ""]

    gone, stays_gone = run(tmp_path, [], [])
    assert [gone.changed, stays_gone.changed] == [True, False]
    assert installed(tmp_path) == set()


def test_the_trust_store_is_updated_after_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="fatal"):
        run(tmp_path, [FIRST], command="exit 9")
    assert installed(tmp_path) == {FIRST}
    again, then = run(tmp_path, [FIRST], [FIRST], command=f"touch {tmp_path}/updated")
    assert [again.changed, then.changed] == [True, False]
    assert (tmp_path / "updated").exists()
    assert not (tmp_path / "after-removal").exists()

    with pytest.raises(AssertionError, match="fatal"):
        run(tmp_path, [SECOND], command="exit 9")
    run(tmp_path, [SECOND])
    assert (tmp_path / "after-removal").exists(), "what was removed is not forgotten"


def test_a_compute_node_takes_them_from_its_bundle_if_there_are_any(tmp_path: Path) -> None:
    [play] = yaml.safe_load((REPOSITORY / "ansible/compute-init.yml").read_text())
    (tmp_path / "with").mkdir()
    (tmp_path / "with" / "cacerts.json").write_text(json.dumps([FIRST, SECOND]))
    nodes = [{**play["vars"], "compute_init_folder": str(tmp_path / name)} for name in ("without", "with")]
    without, with_ = run_role(tmp_path, "cacerts/configure", paths(tmp_path, "true"), *nodes)
    assert [without.changed, with_.changed] == [False, True]
    assert installed(tmp_path) == {FIRST, SECOND}

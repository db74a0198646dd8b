"""compute-init's states: what each is reached by, what its result file says, and whether systemd tries again."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from node.ansible_init.metadata import Metadata
from node.compute_init import run
from node.compute_init.bundle import Bundle, BundleError, check
from node.compute_init.record import read_record
from node.compute_init.run import main
from node.compute_init.settings import ComputeInitSettings
from node.compute_init.share import AbsentError, Share, ShareError, TooLargeError
from tests.unit.node.compute_node import FILES, NODE, SERVER, calls, go, head, program, put
from tests.unit.node.known_metadata import Known


def test_a_node_sets_itself_up_from_its_own_bundle(settings: ComputeInitSettings, tmp_path: Path) -> None:
    status, record, lines = go(settings)
    assert (status, record.status, record.state, record.step) == (0, "done", "done", "")
    (call,) = calls(tmp_path)
    values = call["values"]
    assert isinstance(values, dict)
    assert values["munge_key"] == "k"
    assert values["control_address"] == "127.0.0.1"
    assert values["compute_init_roles"] == ["compute", "nfs"]
    assert call["mode"] == "0o700"
    files = list(map(str, cast("list[str]", call["files"])))
    assert files[0].startswith("ansible-init-"), "the playbook's variables and Ansible's files are in memory, too"
    assert files[1:] == ["hosts", "users.json", "variables.json"]
    assert not settings.work.exists(), "the bundle, which has secrets, is gone"
    assert lines[-1] == "done: set up, slurmd is registered"
    assert "munge" not in settings.result.read_text()


def test_nothing_runs_again_in_the_same_boot_with_the_same_bundle(
    settings: ComputeInitSettings, tmp_path: Path
) -> None:
    go(settings)
    status, record, _ = go(settings)
    assert (status, record.state, len(calls(tmp_path))) == (0, "unchanged", 1)
    assert go(replace(settings, force=True))[1].state == "done"


def test_another_boot_runs_it_again(
    settings: ComputeInitSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(settings)
    monkeypatch.setattr(run, "boot_id", lambda: "another")
    assert go(settings)[1].state == "done"
    assert len(calls(tmp_path)) == 2


def test_a_changed_bundle_runs_it_again(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    go(settings)
    put(folder, image_id="other")
    assert go(settings)[1].state == "done"
    assert len(calls(tmp_path)) == 2


def test_what_the_cloud_says_is_no_template_and_all_secrets_stay_in_memory(
    settings: ComputeInitSettings, tmp_path: Path
) -> None:
    """The files that Ansible itself makes, too: a SIGKILL leaves them where they are."""
    bad = "{{ lookup('pipe', 'x') }}"
    meta = {**SERVER.meta, "control_address": bad, bad: "true"}
    program(tmp_path / "ansible-playbook", f"""
        import json, os, pathlib, sys
        name = sys.argv[sys.argv.index("--extra-vars") + 1][1:]
        kept = {{key: os.environ[key] for key in ("ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP")}}
        seen = {{"values": json.load(open(name)), "file": name, "kept": kept}}
        pathlib.Path({str(tmp_path)!r}, "seen").write_text(json.dumps(seen))
        """)  # fmt: skip
    share = settings.share("127.0.0.1", NODE, "")
    status, record, _ = go(replace(settings, source=Known(answer=Metadata("server-1", NODE, meta)),
                                   share=lambda _server, _node, _folder: share))  # fmt: skip
    assert (status, record.state) == (0, "done")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["values"]["control_address"] == {"__ansible_unsafe": bad}
    assert {"__ansible_unsafe": bad} in seen["values"]["compute_init_roles"]
    paths = [seen["file"], *seen["kept"].values()]
    assert all(Path(path).is_relative_to(settings.work) for path in paths)
    assert not settings.work.exists()


def test_without_the_flag_nothing_happens(settings: ComputeInitSettings, tmp_path: Path) -> None:
    status, record, _ = go(replace(settings, source=Known(answer=Metadata("s", NODE, {"control_address": "x"}))))
    assert (status, record.status, record.state) == (0, "skipped", "not-enabled")
    assert calls(tmp_path) == []


def test_before_site_yml_the_node_says_that_it_waits_for_it(settings: ComputeInitSettings, folder: Path) -> None:
    (folder / "bundle.signed").unlink()
    (folder / "bundle.json").unlink()
    status, record, _ = go(settings)
    assert (status, record.status, record.state) == (0, "skipped", "not-exported")
    assert "site.yml" in record.reason


def test_a_share_that_is_away_for_a_while_is_waited_for(settings: ComputeInitSettings, tmp_path: Path) -> None:
    (tmp_path / "away").write_text("2")
    status, record, lines = go(replace(settings, share_timeout=60))
    assert (status, record.state) == (0, "done")
    assert len([line for line in lines if "next attempt" in line]) == 2


def test_a_share_that_is_not_there_yet_says_so_while_it_is_waited_for(
    settings: ComputeInitSettings, tmp_path: Path
) -> None:
    (tmp_path / "away").write_text("2")
    seen: list[str] = []

    def log(_line: str) -> None:
        record = read_record(settings.result)
        assert record is not None
        seen.append(f"{record.status}: {record.reason}")

    assert main(replace(settings, share_timeout=60), log) == 0
    assert any(line.startswith("running: ") and "127.0.0.1" in line for line in seen)


def test_a_share_that_stays_away_fails_and_is_tried_again_by_systemd(
    settings: ComputeInitSettings, tmp_path: Path
) -> None:
    (tmp_path / "away").write_text("1000")
    status, record, _ = go(settings)
    assert (status, record.status, record.state, record.step) == (1, "failed", "unreachable", "fetch")
    assert "127.0.0.1" in record.error


def test_a_failed_role_is_named(settings: ComputeInitSettings, folder: Path) -> None:
    put(folder, {"variables.json": b'{"break": true}'})
    status, record, _ = go(settings)
    assert (status, record.state, record.step) == (1, "role-failed", "compute-init.yml")
    assert not settings.work.exists()


def test_a_run_after_a_failed_one_makes_up_for_its_handlers(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are as they are to be, so no task notifies a handler; the services may still have those of before."""
    settings.declared.parent.mkdir()
    settings.declared.write_text(json.dumps({name: {"node_variables": []} for name in ("sshd", "chrony")}))

    def interrupted() -> list[str]:
        go(settings)
        values = calls(tmp_path)[-1]["values"]
        assert isinstance(values, dict)
        return list(values["site_interrupted"])

    put(folder, {"variables.json": b'{"break": true}'})
    assert interrupted() == []
    assert interrupted() == ["chrony", "sshd"]
    put(folder)
    assert interrupted() == ["chrony", "sshd"]
    before = len(calls(tmp_path))
    go(settings)
    assert len(calls(tmp_path)) == before, "nothing is left to do"

    put(folder, {"variables.json": b'{"break": true}'})
    assert interrupted() == []
    settings.owed.unlink()  # As a boot does, in memory.
    monkeypatch.setattr("node.compute_init.run.boot_id", lambda: "the next boot")
    put(folder)
    assert interrupted() == [], "services start with their files"


def test_a_run_that_fails_after_the_handlers_restarts_nothing_again(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    """A node that is not healthy is tried each minute, with jobs on it."""
    settings.declared.parent.mkdir()
    settings.declared.write_text(json.dumps({name: {"node_variables": []} for name in ("munge", "slurmd")}))
    put(folder, {"variables.json": b'{"unhealthy": true}'})
    for _ in range(2):
        assert go(settings)[0] == 1
        assert cast("dict[str, object]", calls(tmp_path)[-1]["values"])["site_interrupted"] == []
    (tmp_path / "away").write_text("1000")
    assert go(settings)[1].state == "unreachable"
    (tmp_path / "away").write_text("")
    assert go(settings)[0] == 1
    assert cast("dict[str, object]", calls(tmp_path)[-1]["values"])["site_interrupted"] == []


def test_no_metadata_fails(settings: ComputeInitSettings) -> None:
    status, record, _ = go(replace(settings, source=Known(answer="no answer")))
    assert (status, record.state, record.error) == (1, "metadata", "no answer")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 1}, "schema 1"),
        ({"files": {"variables.json": {"sha256": "0" * 64, "bytes": 1}}}, r"^variables\.json .* bundle\.json"),
        ({"files": {"variables.json": "0" * 64}}, r"^bundle\.json .*\(TypeError\("),
        ({"files": {"variables.json": {"sha256": "../etc", "bytes": 1}}}, r"^bundle\.json .*'\.\./etc'"),
        ({"files": {}}, r"^variables\.json .*'variables\.json'"),
    ],
)
def test_a_bundle_that_cannot_be_read_or_is_not_whole_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        check(head(**changes), lambda name, _listed: FILES[name])


def test_a_wrong_bundle_fails_visibly(settings: ComputeInitSettings, folder: Path) -> None:
    put(folder, schema=1)
    status, record, _ = go(settings)
    assert (status, record.state) == (1, "wrong-bundle")


def test_a_good_bundle_shows_no_secret_when_printed() -> None:
    bundle = check(head(), lambda name, _listed: FILES[name])
    assert isinstance(bundle, Bundle)
    assert "munge" not in repr(bundle)


def test_a_server_that_does_not_answer_is_not_a_missing_file(tmp_path: Path) -> None:
    program(tmp_path / "slow", "import time; time.sleep(60)")
    share = Share("127.0.0.1", NODE, program=str(tmp_path / "slow"), timeout=0.2)
    with pytest.raises(ShareError, match=r"127\.0\.0\.1") as raised:
        share.read("bundle.json", 100)
    assert not isinstance(raised.value, AbsentError)
    assert isinstance(raised.value.__cause__, subprocess.TimeoutExpired)


@pytest.mark.parametrize(("stale", "requests"), [(1, 2), (99, 5)])
def test_a_file_that_was_replaced_is_asked_for_again(tmp_path: Path, stale: int, requests: int) -> None:
    asked = tmp_path / "asked"
    program(tmp_path / "nfs-cat", f"""
        import pathlib, sys
        asked = pathlib.Path({str(asked)!r})
        number = len(asked.read_text()) if asked.exists() else 0
        asked.write_text("x" * (number + 1))
        if number < {stale}:
            sys.exit('open call failed with "NFS4: (path /) failed with NFS4ERR_STALE(-5)"')
        print("content", end="")
        """)  # fmt: skip
    share = Share("127.0.0.1", NODE, program=str(tmp_path / "nfs-cat"), port=1)

    if stale < requests:
        assert share.read("bundle.json", 100) == b"content"
    else:
        with pytest.raises(ShareError):
            share.read("bundle.json", 100)
    assert len(asked.read_text()) == requests


def test_addresses_of_version_6_are_written_in_brackets() -> None:
    assert Share("fd00::1", NODE).url("x").startswith("nfs://[fd00::1]/")


def test_a_servers_endless_answers_are_cut_off(tmp_path: Path) -> None:
    for stream in ("stdout", "stderr"):
        program(tmp_path / "endless", f"""
            import sys
            while True:
                sys.{stream}.write("x" * 65536)
            """)  # fmt: skip
        share = Share("127.0.0.1", NODE, program=str(tmp_path / "endless"), timeout=1)
        with pytest.raises(ShareError) as raised:
            share.read("bundle.json", 100)
        if stream == "stdout":
            assert isinstance(raised.value, TooLargeError)
        else:
            assert isinstance(raised.value.__cause__, subprocess.TimeoutExpired)

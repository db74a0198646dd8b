"""compute-init's states: what each is reached by, what its result file says, and whether systemd tries again."""

import hashlib
import json
import signal
import socket
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from node.ansible_init.metadata import Metadata, MetadataError, Source
from node.compute_init import run
from node.compute_init.bundle import Bundle, BundleError, check
from node.compute_init.record import Record, read_record
from node.compute_init.run import Settings, main
from node.compute_init.share import AbsentError, Share, ShareError

NODE = "demo-c-0"
SERVER = Metadata("server-1", NODE, {"compute": "true", "nfs": "true", "other": "no", "control_address": "127.0.0.1"})
FILES = {"variables.json": b'{"munge_key": "k"}', "hosts": b"127.0.0.1 localhost\n"}


@dataclass(frozen=True)
class Known(Source):
    """A source that knows its answer, or fails with it."""

    answer: Metadata | str = field(default=SERVER)

    def read(self, log: Callable[[str], None]) -> Metadata:  # noqa: ARG002 - the signature is Source's
        if isinstance(self.answer, str):
            raise MetadataError(self.answer)
        return self.answer


def head(**changes: object) -> bytes:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    document = {"schema": 1, "node": NODE, "instance_id": "server-1", "image_id": "i", "files": digests}
    return json.dumps(document | changes).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the control node exports to this node."""
    exported = tmp_path / "export" / NODE
    exported.mkdir(parents=True)
    for name, content in FILES.items():
        (exported / name).write_bytes(content)
    (exported / "bundle.json").write_bytes(head())
    return exported


@pytest.fixture
def settings(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("socket.gethostname", lambda: f"{NODE}.demo.internal")
    program(tmp_path / "nfs-cat", f"""
        import pathlib, sys
        away = pathlib.Path({str(tmp_path)!r}, "away")
        if away.exists() and away.read_text():
            left = int(away.read_text()) - 1
            away.write_text(str(left) if left else "")
            sys.exit("Failed to mount nfs share : nfs_service failed")
        path = pathlib.Path(sys.argv[1].removeprefix("nfs://127.0.0.1").partition("?")[0])
        if not path.exists():
            sys.exit(f"mount_cb: NFS4: (path {{path}}) failed with NFS4ERR_NOENT(-2)")
        sys.stdout.buffer.write(path.read_bytes())
        """)  # fmt: skip
    program(tmp_path / "ansible-playbook", f"""
        import json, os, pathlib, sys
        values = json.load(open(sys.argv[sys.argv.index("--extra-vars") + 1][1:]))
        work = pathlib.Path(values["compute_init_folder"])
        seen = {{"values": values, "mode": oct(work.stat().st_mode & 0o777), "files": sorted(os.listdir(work))}}
        with open({str(tmp_path / "calls")!r}, "a") as file:
            print(json.dumps(seen), file=file)
        sys.exit(2 if values.get("break") else 0)
        """)  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    before = signal.getsignal(signal.SIGTERM)
    yield Settings(
        source=Known(),
        playbook=tmp_path / "compute-init.yml",
        result=tmp_path / "var" / "compute-init.json",
        work=tmp_path / "run" / "work",
        share=lambda server, node, _folder: Share(
            server, node, str(folder.parent), str(tmp_path / "nfs-cat"), port=nobody
        ),
        patience=0.2,
        first_pause=0.01,
        longest_pause=0.05,
        program=str(tmp_path / "ansible-playbook"),
    )
    signal.signal(signal.SIGTERM, before)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    path.chmod(0o755)


def go(settings: Settings) -> tuple[int, Record, list[str]]:
    lines: list[str] = []
    status = main(settings, lines.append)
    record = read_record(settings.result)
    assert record is not None
    return status, record, lines


def calls(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_node_sets_itself_up_from_its_own_bundle(settings: Settings, tmp_path: Path) -> None:
    status, record, lines = go(settings)
    assert (status, record.status, record.state, record.step) == (0, "done", "done", "")
    (call,) = calls(tmp_path)
    values = call["values"]
    assert isinstance(values, dict)
    assert values["munge_key"] == "k"
    assert values["control_address"] == "127.0.0.1"
    assert values["compute_init_roles"] == ["compute", "nfs"]
    assert call["mode"] == "0o700"
    assert call["files"] == ["hosts", "variables.json"]
    assert not settings.work.exists(), "the bundle, which has secrets, is gone"
    assert lines[-1] == "done: set up, slurmd is registered"
    assert "munge" not in settings.result.read_text()


def test_nothing_runs_again_in_the_same_boot_with_the_same_bundle(settings: Settings, tmp_path: Path) -> None:
    go(settings)
    status, record, _ = go(settings)
    assert (status, record.state, len(calls(tmp_path))) == (0, "unchanged", 1)
    assert go(replace(settings, force=True))[1].state == "done"


def test_another_boot_runs_it_again(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(settings)
    monkeypatch.setattr(run, "_boot_id", lambda: "another")
    assert go(settings)[1].state == "done"
    assert len(calls(tmp_path)) == 2


def test_a_changed_bundle_runs_it_again(settings: Settings, folder: Path, tmp_path: Path) -> None:
    go(settings)
    (folder / "bundle.json").write_bytes(head(image_id="other"))
    assert go(settings)[1].state == "done"
    assert len(calls(tmp_path)) == 2


def test_without_the_flag_nothing_happens(settings: Settings, tmp_path: Path) -> None:
    status, record, _ = go(replace(settings, source=Known(answer=Metadata("s", NODE, {"control_address": "x"}))))
    assert (status, record.status, record.state) == (0, "skipped", "not-enabled")
    assert calls(tmp_path) == []


def test_before_site_yml_the_node_says_that_it_waits_for_it(settings: Settings, folder: Path) -> None:
    (folder / "bundle.json").unlink()
    status, record, _ = go(settings)
    assert (status, record.status, record.state) == (0, "skipped", "not-exported")
    assert "waiting for site.yml" in record.reason


def test_a_share_that_is_away_for_a_while_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "away").write_text("2")
    status, record, lines = go(replace(settings, patience=60))
    assert (status, record.state) == (0, "done")
    assert len([line for line in lines if "next attempt" in line]) == 2


def test_a_share_that_is_not_there_yet_says_so_while_it_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "away").write_text("2")
    seen: list[str] = []

    def log(_line: str) -> None:
        record = read_record(settings.result)
        assert record is not None
        seen.append(f"{record.status}: {record.reason}")

    assert main(replace(settings, patience=60), log) == 0
    assert "running: no file service on 127.0.0.1 yet: site.yml has not run there, or the service is stopped" in seen


def test_a_share_that_stays_away_fails_and_is_tried_again_by_systemd(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "away").write_text("1000")
    status, record, _ = go(settings)
    assert (status, record.status, record.state, record.step) == (1, "failed", "unreachable", "fetch")
    assert "no file service on 127.0.0.1 yet" in record.error


def test_a_failed_role_is_named(settings: Settings, folder: Path) -> None:
    broken = b'{"break": true}'
    (folder / "variables.json").write_bytes(broken)
    digests = {"variables.json": hashlib.sha256(broken).hexdigest()}
    (folder / "bundle.json").write_bytes(head(files=digests))
    status, record, _ = go(settings)
    assert (status, record.state, record.step) == (1, "role-failed", "compute-init.yml")
    assert not settings.work.exists()


def test_no_metadata_fails(settings: Settings) -> None:
    status, record, _ = go(replace(settings, source=Known(answer="no answer")))
    assert (status, record.state, record.error) == (1, "metadata", "no answer")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 2}, "schema 2"),
        ({"node": "demo-c-1"}, "for node 'demo-c-1'"),
        ({"instance_id": "server-0"}, "for server 'server-0'"),
        ({"files": {"variables.json": "0"}}, "variables.json is not what"),
        ({"files": {}}, "variables.json cannot be used"),
    ],
)
def test_a_bundle_that_is_not_this_nodes_or_not_whole_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        check(head(**changes), NODE, "server-1", FILES.__getitem__)


def test_a_wrong_bundle_fails_visibly(settings: Settings, folder: Path) -> None:
    (folder / "bundle.json").write_bytes(head(instance_id="server-0"))
    status, record, _ = go(settings)
    assert (status, record.state) == (1, "wrong-bundle")


def test_a_good_bundle_shows_no_secret_when_printed() -> None:
    bundle = check(head(), NODE, "server-1", FILES.__getitem__)
    assert isinstance(bundle, Bundle)
    assert "munge" not in repr(bundle)


def test_a_server_that_does_not_answer_is_not_a_missing_file(tmp_path: Path) -> None:
    program(tmp_path / "slow", "import time; time.sleep(60)")
    share = Share("127.0.0.1", NODE, program=str(tmp_path / "slow"), timeout=0.2)
    with pytest.raises(ShareError, match="did not answer") as raised:
        share.read("bundle.json")
    assert not isinstance(raised.value, AbsentError)


def test_addresses_of_version_6_are_written_in_brackets() -> None:
    assert Share("fd00::1", NODE).url("x").startswith("nfs://[fd00::1]/")

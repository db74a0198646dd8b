"""Accounts on real files: a folder in place of /etc, run as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from node.accounts import apply
from node.accounts.apply import AccountsError
from node.accounts.homes import is_private, take_out_keys, write_keys
from node.accounts.request import AccountsRequest, AccountUser, Folders
from tests.unit.node.accounts.test_plan import IMAGE, rows

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="changes owners of files")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"
OTHER = KEY.replace("AvqWr", "AvqWs")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that ordinary users can look into, which pytest's own is not."""
    with TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(*(tmp_path / name for name in ("etc", "homes", "administrators", "keys", "state", "linger")))
    made.etc.mkdir()
    made.homes.mkdir()
    for name, text in vars(IMAGE).items():
        (made.etc / name).write_text(text)
    (made.etc / "shadow").chmod(0o640)
    return made


def apply_users(request: AccountsRequest) -> tuple[list[str], list[str]]:
    outcome = apply.apply_users(request)
    return outcome.changes, outcome.problems


def apply_deploy_user(request: AccountsRequest, data: dict[str, Any]) -> list[str]:
    return apply.apply_deploy_user(request, data).changes


def request(folders: Folders, users: dict[str, Any], **more: Any) -> AccountsRequest:
    paths = {name: str(path) for name, path in vars(folders).items()}
    return AccountsRequest.of({"users": users, "deploy_user": "debian", "folders": paths, "make_homes": True, **more})


def test_users_come_and_go(folders: Folders) -> None:
    entry = {"uid": 2001, "ssh_keys": [KEY]}
    changes, problems = apply_users(request(folders, {"alice": entry, "bob": {"uid": 2002}}))
    assert problems == []
    assert "user alice: home directory created" in changes
    home = (folders.homes / "alice").stat()
    assert (home.st_uid, home.st_gid, home.st_mode & 0o777) == (2001, 2001, 0o700)
    assert (folders.keys / "alice").read_text() == f"{KEY}\n"
    assert (folders.keys / "alice").stat().st_uid == 0
    assert (folders.etc / "shadow").stat().st_mode & 0o777 == 0o640
    assert apply_users(request(folders, {"alice": entry, "bob": {"uid": 2002}})) == ([], [])
    (folders.lingering).mkdir()
    (folders.lingering / "alice").touch()
    changes, problems = apply_users(request(folders, {"bob": {"uid": 2002}}))
    assert set(changes) == {"user alice: locked", "user alice: keys changed", "user alice: lingering disabled"}
    assert not (folders.keys / "alice").exists()
    assert (folders.homes / "alice").is_dir(), "data stays"
    assert apply_users(request(folders, {"bob": {"uid": 2002}})) == ([], [])


def test_a_key_that_is_taken_out_is_gone(folders: Folders) -> None:
    apply_users(request(folders, {"alice": {"uid": 2001, "ssh_keys": [KEY, OTHER]}}))
    apply_users(request(folders, {"alice": {"uid": 2001, "ssh_keys": [OTHER]}}))
    assert (folders.keys / "alice").read_text() == f"{OTHER}\n"


def test_nobody_but_administrators_gets_in_where_users_may_not(folders: Folders) -> None:
    users = {"alice": {"uid": 2001, "ssh_keys": [KEY]}, "root2": {"uid": 2002, "ssh_keys": [KEY], "sudo": True}}
    apply_users(request(folders, users, let_in=False))
    assert [path.name for path in folders.keys.iterdir()] == ["root2"]
    assert (folders.administrators / "root2").is_dir()
    assert not (folders.homes / "root2").exists()


def test_what_an_earlier_release_made_is_taken_over(folders: Folders) -> None:
    with (folders.etc / "passwd").open("a") as file:
        file.write("alice:x:2001:2001:::/bin/bash\n".replace(":::", f"::{folders.homes}/alice:"))
        file.write(f"carol:x:2003:2003::{folders.homes}/carol:/bin/bash\n")
    with (folders.etc / "shadow").open("a") as file:
        file.write("alice:*:19000::::::\ncarol:*:19000::::::\n")
    with (folders.etc / "group").open("a") as file:
        file.write("alice:x:2001:\ncarol:x:2003:\n")
    ssh = folders.homes / "alice" / ".ssh"
    ssh.mkdir(parents=True)
    (ssh / "authorized_keys").write_text(f"{KEY}\n{OTHER}\n")
    for path in (ssh.parent, ssh, ssh / "authorized_keys"):
        os.chown(path, 2001, 2001)
    changes, problems = apply_users(request(folders, {"alice": {"uid": 2001, "ssh_keys": [KEY]}}))
    assert problems == []
    assert "user carol: locked" in changes, "she was taken out of the configuration some time ago"
    assert (ssh / "authorized_keys").read_text() == f"{OTHER}\n", "the user's own keys stay the user's"
    assert (folders.keys / "alice").read_text() == f"{KEY}\n"


def test_keys_are_taken_out_with_the_user_s_own_rights(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{KEY}\n")
    secret.chmod(0o600)
    home = tmp_path / "mallory"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "authorized_keys").symlink_to(secret)
    for path in (home, home / ".ssh"):
        os.chown(path, 2001, 2001)
    [line] = take_out_keys(AccountUser("mallory", 2001, 2001, keys=(KEY,)), home)
    assert "Permission denied" in line
    assert secret.read_text() == f"{KEY}\n"


def test_a_bad_user_is_reported_and_the_others_are_made(folders: Folders) -> None:
    changes, problems = apply_users(request(folders, {"eve": {"uid": 1000}, "alice": {"uid": 2001}}))
    [problem] = problems
    assert problem.startswith("user eve: uid 1000 ")
    assert "debian" in problem
    assert "user alice: created" in changes
    assert apply_users(request(folders, {"alice": {"uid": 2001}})) == ([], [])


DATA = {"v1": {"public_ssh_keys": [KEY]}}


def test_the_deploy_user_has_a_home_that_no_node_shares_and_exactly_the_server_s_keys(folders: Folders) -> None:
    planted = folders.homes / "debian" / ".ssh"
    planted.mkdir(parents=True)
    (planted / "authorized_keys").write_text(f"{OTHER}\n")
    (planted / "rc").write_text("id\n")
    folders.keys.mkdir()
    (folders.keys / "debian").write_text(f"{KEY}\n{OTHER}\n")
    ask = request(folders, {})
    changes = apply_deploy_user(ask, DATA)
    assert len(changes) == 4
    assert rows((folders.etc / "group").read_text())["cluster-admins"].endswith(":debian")
    home = folders.administrators / "debian"
    assert rows((folders.etc / "passwd").read_text())["debian"].split(":")[5] == str(home)
    assert not (home / ".ssh").exists()
    assert (folders.keys / "debian").read_text() == f"{KEY}\n"
    assert apply_deploy_user(ask, DATA) == []
    apply_users(request(folders, {"alice": {"uid": 2001}}))
    assert (folders.keys / "debian").read_text() == f"{KEY}\n", "it is no user of the cluster"
    assert "debian:!" in (folders.etc / "shadow").read_text()


@pytest.mark.parametrize("data", [{}, {"v1": {}}, {"v1": {"public_ssh_keys": []}}])
def test_the_deploy_host_does_not_lose_its_way_in(folders: Folders, data: dict[str, Any]) -> None:
    with pytest.raises(AccountsError, match="metadata"):
        apply_deploy_user(request(folders, {}), data)
    assert not folders.keys.exists()


def test_a_folder_that_others_can_change_is_not_private(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    for path in (inner, *inner.parents):
        if path.is_relative_to(tmp_path):
            path.chmod(0o755)
    (tmp_path / "link").symlink_to(inner)
    assert not is_private(tmp_path / "link")
    inner.parent.chmod(0o777)
    assert not is_private(inner)


def test_a_file_of_keys_is_replaced_whole(tmp_path: Path) -> None:
    assert write_keys(tmp_path, {"alice": [KEY]}, ["bob"]) == ["alice"]
    assert write_keys(tmp_path, {"alice": [KEY]}, ["bob"]) == []
    assert write_keys(tmp_path, {}, ["alice"]) == ["alice"]
    assert list(tmp_path.iterdir()) == []


def test_the_program_says_what_it_changed(folders: Folders) -> None:
    paths = {name: str(path) for name, path in vars(folders).items()}
    document = {"users": {"alice": {"uid": 2001}, "eve": {"uid": 0}}, "deploy_user": "debian", "folders": paths}
    ended = subprocess.run(
        [sys.executable, "-m", "node.accounts", "users"],
        input=json.dumps(document), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert "user alice: created" in said["changes"]
    [problem] = said["problems"]
    assert problem.startswith("user eve: uid 0 ")
    assert "root" in problem
    assert said["shared"] == ["alice"]
    wrong = subprocess.run([sys.executable, "-m", "node.accounts"], input="", capture_output=True, check=False)
    assert wrong.returncode == 2

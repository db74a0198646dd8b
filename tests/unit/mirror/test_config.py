import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirror.config import DebUpstream, RpmUpstream, load, parse
from mirror.errors import MirrorConfigError
from toolchain.paths import REPOSITORY

DEB = {"type": "deb", "url": "http://example.org/debian", "suites": ["bookworm"]}
RPM = {"type": "rpm", "url": "http://example.org/rocky/"}


def test_settings_that_are_left_out_have_defaults() -> None:
    debian, rocky = parse({"repositories": {"debian": DEB, "rocky": RPM | {"path": "rocky/9/baseos"}}}, Path("x.yaml"))
    assert isinstance(debian.upstream, DebUpstream)
    assert isinstance(rocky.upstream, RpmUpstream)
    assert (debian.name, debian.path, debian.upstream.url) == ("debian", "debian", "http://example.org/debian/")
    assert (rocky.path, rocky.upstream.url) == ("rocky/9/baseos", "http://example.org/rocky/")
    assert debian.upstream.policy == "immediate"
    assert debian.upstream.components == debian.upstream.architectures == ()


def test_files_are_found_beside_the_list(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/site.asc").touch()
    file = tmp_path / "mirror.yaml"
    file.write_text(yaml.safe_dump({"repositories": {"debian": DEB | {"gpg_key": "keys/site.asc"}}}))
    [debian] = load(file)
    assert debian.upstream.gpg_key == tmp_path / "keys/site.asc"


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (None, ["repositories: must be a mapping of names to repositories"]),
        ({"repositories": {}}, ["repositories: must be a mapping of names to repositories"]),
        ({"repositories": {"a": DEB}, "more": 1}, ["more: unknown key; allowed: repositories"]),
        (
            {"repositories": {"A b": DEB}},
            ["repositories.A b: the name must consist of lower-case letters, digits, '.' and '-'"],
        ),
        ({"repositories": {"a": {"url": "http://x/"}}}, ["repositories.a.type: is missing; allowed: deb, rpm"]),
        (
            {"repositories": {"a": DEB | {"type": "apt"}}},
            ["repositories.a.type: 'apt' is unknown; allowed: deb, rpm"],
        ),
        ({"repositories": {"a": {"type": "deb", "url": "http://x/"}}}, ["repositories.a.suites: is missing"]),
        (
            {"repositories": {"a": DEB | {"suite": []}}},
            ["repositories.a.suite: unknown key; did you mean 'suites'?"],
        ),
        (
            {"repositories": {"a": RPM | {"url": "ftp://x/"}}},
            ["repositories.a.url: 'ftp://x/' must be an http or https URL without credentials"],
        ),
        (
            {"repositories": {"a": RPM | {"path": "/rocky/../.."}}},
            [
                "repositories.a.path: '/rocky/../..' must be a path of letters, digits and ._- "
                "that neither starts nor ends with a slash"
            ],
        ),
        (
            {"repositories": {"a": DEB | {"suites": ["two words"]}}},
            ["repositories.a.suites.0: 'two words' must be one word of letters, digits and ._+/-"],
        ),
        ({"repositories": {"a": DEB | {"suites": []}}}, ["repositories.a.suites: is empty"]),
        (
            {"repositories": {"a": RPM | {"username": "me", "repo_gpgcheck": True}}},
            [
                "repositories.a.username: requires password_file, and the reverse; set both or none",
                "repositories.a.repo_gpgcheck: requires gpg_key",
            ],
        ),
        (
            {"repositories": {"a": DEB | {"gpg_key": "no.asc"}}},
            ["repositories.a.gpg_key: file /list/no.asc does not exist"],
        ),
        (
            {"repositories": {"a": DEB | {"path": "p"}, "b": RPM | {"path": "p"}}},
            ["repositories.b.path: 'p' is also used by repositories.a"],
        ),
        (
            {"repositories": {"a": DEB | {"policy": "later"}, "b": {}}},
            [
                "repositories.a.policy: Input should be 'immediate' or 'on_demand'",
                "repositories.b.type: is missing; allowed: deb, rpm",
            ],
        ),
    ],
)
def test_all_mistakes_are_told_at_once(content: Any, problems: list[str]) -> None:
    with pytest.raises(MirrorConfigError) as caught:
        parse(content, Path("/list/mirror.yaml"))
    assert list(caught.value.problems) == problems
    assert caught.value.exit_status == 2


def test_an_address_with_a_password_is_refused_and_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MirrorConfigError):
        parse({"repositories": {"a": RPM | {"url": "http://me:secret@example.org/"}}}, tmp_path / "mirror.yaml")
    with pytest.raises(MirrorConfigError) as caught:
        load(tmp_path / "mirror.yaml")
    assert caught.value.where == str(tmp_path / "mirror.yaml")
    [problem] = caught.value.problems
    assert os.strerror(errno.ENOENT) in problem


def test_the_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(repositories:.*?)```", (REPOSITORY / "docs/mirror.md").read_text(), re.DOTALL)
    content = yaml.safe_load(example)
    for settings in content["repositories"].values():
        for name in ("gpg_key", "password_file", "ca_file"):
            if name in settings:
                file = tmp_path / settings[name]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
    assert len(parse(content, tmp_path / "mirror.yaml")) == len(content["repositories"])


def test_the_documentation_explains_every_setting() -> None:
    text = (REPOSITORY / "docs/mirror.md").read_text()
    for name in {*DebUpstream.model_fields, *RpmUpstream.model_fields}:
        assert f"| `{name}` |" in text, name

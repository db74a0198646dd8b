"""The proxy of an image build, and the repositories that do not use it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from toolchain.paths import REPOSITORY

ROLE = REPOSITORY / "ansible/roles/package_sources"


def rendered(text: str, **given: Any) -> str:
    defaults = DataLoader().load_from_file(str(ROLE / "defaults/main.yml"), trusted_as_template=True)
    return str(Templar(DataLoader(), {**defaults, **given}).template(trust_as_template(text)))


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt-config")
@pytest.mark.parametrize(
    ("given", "https"), [({}, "http://a:1"), ({"package_sources_https_proxy": "http://b:2"}, "http://b:2")]
)
def test_apts_proxy(given: dict[str, str], https: str, tmp_path: Path) -> None:
    tasks = yaml.safe_load((ROLE / "tasks/overwrite-Debian.yml").read_text())
    (task,) = (each for each in tasks if each["name"] == "Configure the proxy")
    text = rendered(
        task["ansible.builtin.copy"]["content"],
        package_sources_proxy="http://a:1",
        package_sources_direct=["mirror.example.org", "fd00::1"],
        **given,
    )
    (tmp_path / "apt.conf").write_text(text)
    command = ["apt-config", "dump", "--format=%f=%v%n", "Acquire"]
    path = {"APT_CONFIG": str(tmp_path / "apt.conf"), "PATH": "/usr/bin:/bin"}
    read = subprocess.run(command, env=path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"Acquire::http::Proxy=http://a:1", f"Acquire::https::Proxy={https}"} <= set(read)
    assert {f"Acquire::{name}::Proxy::mirror.example.org=DIRECT" for name in ("http", "https")} <= set(read)
    assert not [line for line in read if "fd00" in line]


@pytest.mark.parametrize(("direct", "proxy"), [([], None), (["mirror"], "_none_"), (["other"], None)])
def test_dnfs_repositories(direct: list[str], proxy: str | None) -> None:
    item = {"name": "base", "url": "http://mirror:8080/base", "key": ""}
    text = rendered((ROLE / "templates/repository.repo.j2").read_text(), item=item, package_sources_direct=direct)
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    # dnf imports this key; without one it refuses the packages.
    assert (lines["gpgcheck"], lines["gpgkey"]) == ("1", "file:///etc/pki/rpm-gpg/site-base.asc")
    assert lines.get("proxy") == proxy
    assert lines["baseurl"] == item["url"]

"""The package proxy is an ordinary user's process that sees its own folders only: run in a network namespace."""

import json
import os
import pwd
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud.control import process
from localcloud.endpoints import ADDRESS, MIRROR_PORT
from localcloud.host import debian
from localcloud.host.layout import CloudLayout
from localcloud.host.steps import Steps
from tests.engine.cloud_fixtures import wait_until
from tests.engine.neighbour import ip

#: A package source of a distribution, as far as the proxy can tell.
UPSTREAM = "127.0.0.1"


@dataclass(frozen=True)
class Bench:
    """A machine with a package source, where clouds' proxies can be started."""

    namespace: str
    layout: CloudLayout
    cache: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program there."""
        inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment = {**inherited, "XDG_CACHE_HOME": str(self.cache)}
        words = ["ip", "netns", "exec", self.namespace, *command]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def start(self) -> process.Process:
        """Start the proxy as ``cloud up`` does, and wait until it answers."""
        program = "import sys; from pathlib import Path; from localcloud.control import mirror;"
        program += "from localcloud.host.layout import CloudLayout;"
        program += "mirror.start(CloudLayout(Path(sys.argv[1])))"
        done = self.run(sys.executable, "-c", program, str(self.layout.root))
        assert done.returncode == 0, done.stderr
        found = process.recorded(self.layout, "mirror")
        assert found is not None
        wait_until("the proxy to answer", lambda: found.alive and self.fetch("/").returncode == 0, 30)
        return found

    def fetch(
        self, path: str, *, through: str = f"http://{ADDRESS}:{MIRROR_PORT}"
    ) -> "subprocess.CompletedProcess[str]":
        """Fetch a file of the package source through the proxy; ``/`` asks the proxy itself."""
        target = f"{through}/" if path == "/" else f"http://{UPSTREAM}{path}"
        program = "import sys, urllib.request as u, urllib.error as e\n"
        program += f"opener = u.build_opener(u.ProxyHandler({{'http': {through!r}}}))\n"
        program += f"try: print(opener.open({target!r}, timeout=20).read().decode())\n"
        program += "except e.HTTPError as error: print(error.code)\n"
        return self.run(sys.executable, "-c", program)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The machine; what runs there ends with the test."""
    if os.geteuid() != 0:
        pytest.skip("makes network namespaces as root")
    debian.install(debian.missing([one for one in debian.PACKAGES if one.name == "apt-cacher-ng"]), Steps(print))
    name = f"proxy-{uuid.uuid4().hex[:8]}"
    site = tmp_path / "site/debian/pool/main/h/hello"
    site.mkdir(parents=True)
    (site / "hello_2.10-3_amd64.deb").write_text("a package")
    layout = CloudLayout(tmp_path / "state/cloud")
    layout.make_folders()
    layout.passwords.write_text("{}")
    layout.passwords.chmod(0o600)
    ip("netns", "add", name)
    upstream = None
    try:
        ip("link", "set", "lo", "up", inside=name)
        ip("address", "add", f"{ADDRESS}/32", "dev", "lo", inside=name)
        command = ["ip", "netns", "exec", name, sys.executable, "-m", "http.server", "80", "--bind", "127.0.0.1"]
        upstream = subprocess.Popen(
            [*command, "--directory", str(tmp_path / "site")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        yield Bench(name, layout, tmp_path / "cache")
    finally:
        process.stop([one for one, _ in process.marked(layout.root)], grace=5)
        if upstream is not None:
            upstream.terminate()
            upstream.wait()
        ip("netns", "delete", name)


def status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


def test_it_serves_and_keeps_packages_without_any_of_root_s_rights(bench: Bench) -> None:
    proxy = bench.start()
    user = pwd.getpwnam("apt-cacher-ng")
    shown = status(proxy.pid)
    assert shown["Uid"] == [str(user.pw_uid)] * 4
    assert shown["Gid"] == [str(user.pw_gid)] * 4
    assert shown["Groups"] == []
    assert {int(shown[kind][0], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert shown["NoNewPrivs"] == ["1"]
    path = "/debian/pool/main/h/hello/hello_2.10-3_amd64.deb"
    wait_until("the package source to answer", lambda: bench.fetch(path).stdout.strip() == "a package", 30)
    kept = [one.name for one in (bench.cache / "slurm-appliance/cloud/packages").rglob("*.deb")]
    assert kept == ["hello_2.10-3_amd64.deb"]


def test_it_cannot_read_the_cloud_s_secrets(bench: Bench) -> None:
    proxy = bench.start()
    user = pwd.getpwnam("apt-cacher-ng")
    look = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    command = ["nsenter", f"--target={proxy.pid}", "--mount", *look, "cat", str(bench.layout.passwords)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Permission denied" in done.stderr


def test_packages_that_root_s_proxy_had_fetched_are_kept_and_used(bench: Bench) -> None:
    # As an earlier release left them: root's own, in folders that nobody else may write.
    packages = bench.cache / "slurm-appliance/cloud/packages"
    (packages / "old").mkdir(parents=True)
    (packages / "old/index").write_text("kept")
    outside = bench.cache / "outside"
    outside.write_text("not the cache's")
    (packages / "link").symlink_to(outside)
    bench.start()
    user = pwd.getpwnam("apt-cacher-ng")
    assert {one.lstat().st_uid for one in (packages, *packages.rglob("*"))} == {user.pw_uid}
    assert (packages / "old/index").read_text() == "kept"
    assert outside.stat().st_uid == 0


def test_it_leaves_no_mount_on_the_machine_and_ends_when_told(bench: Bench) -> None:
    before = Path("/proc/self/mountinfo").read_text().count("apt-cacher-ng")
    proxy = bench.start()
    assert Path("/proc/self/mountinfo").read_text().count("apt-cacher-ng") == before
    assert json.loads((bench.layout.run / "mirror.json").read_text())["pid"] == proxy.pid
    assert process.stop([proxy], grace=10) == []

"""One mirror for all tests; one pair of upstream repositories for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.mirror.command import Mirror, fresh_mirror
from tests.engine.mirror.packages import SigningKey, install_tools
from tests.engine.mirror.upstream import Upstream, serving


@pytest.fixture(scope="session")
def mirror() -> Iterator[Mirror]:
    """A mirror that is up."""
    with fresh_mirror() as there:
        yield there


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningKey]:
    """The upstreams' signing key; Debian's tools that make and install packages are there with it."""
    install_tools()
    made = SigningKey.make(tmp_path_factory.mktemp("key") / "gpg")
    yield made
    made.stop_agent()


@pytest.fixture(scope="module")
def upstream(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """Upstream repositories that are being served, each with hello-mirror 1.0."""
    made = Upstream(tmp_path_factory.mktemp("upstream"), key)
    made.release_deb("hello-mirror", "1.0")
    made.release_rpm("hello-mirror", "1.0")
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def listing(upstream: Upstream, key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The list of repositories that an operator would write for the upstreams."""
    folder = tmp_path_factory.mktemp("list")
    (folder / "key.asc").write_text(key.public)
    file = folder / "mirror.yaml"
    file.write_text(
        f"""\
repositories:
  debian:
    type: deb
    url: {upstream.url}/debian
    path: debian/stable
    suites: [stable]
    components: [main]
    architectures: [amd64]
    gpg_key: key.asc
  rocky:
    type: rpm
    url: {upstream.url}/rpm/
    gpg_key: key.asc
    repo_gpgcheck: true
"""
    )
    return file

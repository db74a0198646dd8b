"""A package mirror that build servers of the test cloud reach, and the key that signs its upstream."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.endpoints import ADDRESS
from localcloud.network.names import TABLE
from tests.engine.cloud_fixtures import Cloud
from tests.engine.mirror.command import Mirror, fresh_mirror
from tests.engine.mirror.packages import SigningKey, install_tools


@pytest.fixture
def signing_key(tmp_path: Path) -> Iterator[SigningKey]:
    """The key of the upstream."""
    install_tools()
    made = SigningKey.make(tmp_path / "gpg")
    yield made
    made.stop_agent()


@pytest.fixture
def mirror(cloud: Cloud) -> Iterator[Mirror]:
    """A mirror on the cloud's address."""
    assert cloud.layout.root.exists()
    with fresh_mirror("--address", ADDRESS) as there:
        # Servers reach the ports of the cloud's own services on its address, and no other.
        rule = f"insert rule inet {TABLE} from_nodes ip daddr {ADDRESS} tcp dport {there.port} accept"
        subprocess.run(["nft", rule], check=True)
        yield there

"""The key pair: an existing one, or created from a key or a file."""

from pathlib import Path

import pytest

from components.cluster import Cluster
from components.key_pair import public_key
from slurm_appliance.errors import ConfigError
from tests.unit.components.clusters import arguments, configured, recorded
from tests.unit.components.recorder import record

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"


def test_an_existing_key_pair_is_used_by_name() -> None:
    made = recorded()
    assert not made.of("compute/keypair:Keypair")
    assert made.of("compute/instance:Instance")["demo-c-0"].inputs["keyPair"] == "operators"


@pytest.mark.parametrize(("name", "expected"), [({}, "demo"), ({"name": "ours"}, "ours")])
def test_a_key_pair_is_created_from_a_key(name: dict[str, str], expected: str) -> None:
    config = configured(key_pair={"public_key": KEY, **name})
    made = record(lambda: Cluster("cluster", arguments(config, public_key=public_key(config, Path()))))
    (pair,) = made.of("compute/keypair:Keypair").values()
    assert pair.inputs == {"name": expected, "publicKey": KEY}
    assert made.of("compute/instance:Instance")["demo-c-0"].inputs["keyPair"] == expected


def test_a_key_file_is_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{KEY}\n")
    assert public_key(configured(key_pair={"public_key_file": "key.pub"}), tmp_path) == KEY


def test_a_missing_key_file_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        public_key(configured(key_pair={"public_key_file": "key.pub"}), tmp_path)
    [problem] = refused.value.problems
    assert problem.path == "key_pair.public_key_file"
    assert str(tmp_path / "key.pub") in problem.what

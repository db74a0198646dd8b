"""The configuration inside a running Pulumi program."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks
from pulumi.runtime import settings as runtime_settings

from components.settings import read_settings, settings_or_end
from slurm_appliance.config import NAMESPACE
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.paths import REPOSITORY


class NoResources(Mocks):
    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise AssertionError(f"the program made a resource: {args.name}")

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program called {args.token}")


@pytest.fixture(autouse=True)
def _program() -> Iterator[None]:
    # The mocks would make a stack where there is none, and it would wait for an event loop, which no test here runs.
    token = runtime_settings.ROOT.set(cast("pulumi.Resource", object()))
    set_mocks(NoResources(), project=NAMESPACE, stack="test")
    runtime_settings.ROOT.reset(token)
    yield
    set_all_config({}, [])


def configure(settings: dict[str, Any], secret: tuple[str, ...] = (), **others: str) -> None:
    keys = {
        f"{NAMESPACE}:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    set_all_config(keys | others, [f"{NAMESPACE}:{name}" for name in secret])


def test_settings_are_read_whole() -> None:
    configure(
        smallest(secrets={"monitoring_password": "correct horse"}), secret=("secrets",), **{"openstack:cloud": "x"}
    )
    config = read_settings()
    assert config.cluster_networks[0].network == "cluster"
    assert config.environment_name == "test"
    assert config.secrets.monitoring_password is not None
    assert config.secrets.monitoring_password.reveal() == "correct horse"


def test_mistyped_keys_and_namespaces_are_found_and_secrets_are_not_shown() -> None:
    configure(smallest(state_dir="s3cret", compte={}), secret=("state_dir",), **{"slurm-aplliance:compute": "{}"})
    with pytest.raises(ConfigError) as caught:
        read_settings()
    assert caught.value.source == "stack test"
    assert {problem.path for problem in caught.value.problems} == {"slurm-aplliance:compute", "compte", "state_dir"}
    assert "s3cret" not in str(caught.value)


def test_the_program_ends_with_a_list_of_mistakes_and_no_traceback() -> None:
    configure(smallest(cluster_name="Bad", key_pair=""))
    with pytest.raises(pulumi.RunError) as caught:
        settings_or_end()
    text = str(caught.value)
    assert "the configuration has 2 mistakes" in text
    assert 'cluster_name: "Bad" is not a cluster name' in text
    assert "key_pair: required, but not set" in text


def test_the_program_goes_on_where_there_are_none() -> None:
    configure(smallest())
    assert settings_or_end() == read_settings()


def test_the_program_is_short() -> None:
    assert len((REPOSITORY / "__main__.py").read_text().splitlines()) <= 40

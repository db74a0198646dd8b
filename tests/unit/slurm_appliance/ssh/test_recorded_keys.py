"""Host keys in the state: from the machine that read them to one that did not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slurm_appliance.ssh.console_keys import ConsoleHost
from slurm_appliance.ssh.known_keys import KnownKeys
from slurm_appliance.ssh.recorded_keys import record, take_over

HOST = ConsoleHost("control", "10.0.0.2", 2222, "server", "image")
ED25519, ECDSA = f"ssh-ed25519 {'A' * 68}", f"ecdsa-sha2-nistp256 {'B' * 140}"


@pytest.fixture
def here(tmp_path: Path) -> KnownKeys:
    return KnownKeys(tmp_path / "here" / "known_hosts")


@pytest.fixture
def there(tmp_path: Path) -> KnownKeys:
    return KnownKeys(tmp_path / "there" / "known_hosts")


def test_one_machine_reads_and_another_one_knows(here: KnownKeys, there: KnownKeys) -> None:
    here.add(HOST, [ECDSA, ED25519])
    printed = json.dumps(record(here, [HOST], []))

    assert take_over(printed, there) == ["[10.0.0.2]:2222"]

    assert there.unknown([HOST]) == []
    assert there.keys_of(HOST) == [ED25519], "one key is enough, and the record stays small"
    assert take_over(printed, there) == []


def test_a_server_without_the_preferred_type_has_its_others_recorded(here: KnownKeys, there: KnownKeys) -> None:
    here.add(HOST, [ECDSA])
    take_over(json.dumps(record(here, [HOST], [])), there)
    assert there.keys_of(HOST) == [ECDSA]


def test_servers_without_keys_are_not_recorded(here: KnownKeys) -> None:
    assert record(here, [HOST], ["control"]) == {"keys": [], "without_keys": ["control"]}


def test_what_this_machine_knows_better_stays(here: KnownKeys, there: KnownKeys) -> None:
    here.add(HOST, [ECDSA])
    printed = json.dumps(record(here, [HOST], []))
    there.add(HOST, [ED25519])

    assert take_over(printed, there) == []

    assert there.keys_of(HOST) == [ED25519]


def test_a_server_that_was_rebuilt_since_is_known_with_its_former_keys(here: KnownKeys, there: KnownKeys) -> None:
    here.add(HOST, [ED25519])
    take_over(json.dumps(record(here, [HOST], [])), there)
    rebuilt = replace(HOST, image_id="another")
    assert there.unknown([rebuilt]) == [rebuilt]
    assert there.former(rebuilt) == {ED25519}, "so that the console of before is not taken for the new boot's"


@pytest.mark.parametrize("printed", ["", "{}", '{"without_keys": []}'])
def test_outputs_of_earlier_releases_have_no_keys(here: KnownKeys, printed: str) -> None:
    assert take_over(printed, here) == []

"""Users."""

import pytest

from slurm_appliance.config import from_mapping
from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check
from tests.unit.slurm_appliance.config.examples import smallest

MISTAKES: list[Mistake] = [
    (
        {"users": {"alice": {"uid": 2001}, "bob": {"uid": 2001}}},
        "users.bob.uid",
        "2001 is also the uid of alice",
        "its own",
    ),
    ({"users": {"slurm": {"uid": 2001}}}, "users.slurm", "an account or a group of the system", "another name"),
    ({"users": {"debian": {"uid": 2001}}}, "users.debian", "the deploy host logs in as", "another name"),
    ({"users": {"alice": {"uid": 65534}}}, "users.alice.uid", "65534 stands for nobody", "another uid"),
    (
        {"users": {"alice": {"uid": 2001, "gid": 2002}, "bob": {"uid": 2002}}},
        "users.bob.uid",
        "2002 is also the gid of alice",
        "set gid",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_users_that_cannot_be(mistake: Mistake) -> None:
    check(mistake)


@pytest.mark.parametrize("name", ["Alice", "a.b", "m12345", "alice2", "x-y", "_svc", "A.B-2"])
def test_names_as_directories_have_them(name: str) -> None:
    users = {name: {"uid": 2**31 - 2, "gid": 100}, "other": {"uid": 70_000, "gid": 100}}
    assert from_mapping(smallest(users=users), "a test").users[name].gid == 100

"""A directory: its settings go together, and its users can run jobs."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check
from tests.unit.slurm_appliance.config.examples import smallest


def directory(**settings: Any) -> dict[str, Any]:
    given = {"uris": ["ldaps://ldap.example.org"], "base": "dc=example,dc=org", "access_groups": ["hpc"], **settings}
    return {"identity": {name: value for name, value in given.items() if value is not None}}


FREE: dict[str, Any] = {"slurm": {"accounting_enforce": []}}
BIND = {"bind_dn": "cn=reader,dc=example,dc=org", "bind_password": "secret"}

MISTAKES: list[Mistake] = [
    (directory(uris=None), "identity.uris", "required, but not set", "ldaps://"),
    (directory(uris=[]), "identity.uris", "names no server", "at least one"),
    (directory(uris=["ldap.example.org"]), "identity.uris[0]", "is not an address of a directory", "ldaps://"),
    (directory(uris=["ldap://a", "ldap://a"]), "identity.uris[1]", "twice", "keep one"),
    (directory(base="example.org"), "identity.base", "is not a place in a directory", "dc=example"),
    (directory(bind_dn="cn=a,dc=b"), "identity.bind_password", "not set", "--secret"),
    (directory(bind_password="secret"), "identity.bind_dn", "not set", "both"),
    (directory(uris=["ldap://a"], start_tls=False, **BIND), "identity.start_tls", "in the open", "ldaps"),
    (directory(access_filter="(a=b)"), "identity.access_filter", "access_groups is set", "keep one"),
    (
        directory(access_filter="a=b", access_groups=None) | FREE,
        "identity.access_filter",
        "is not an LDAP filter",
        "(memberOf",
    ),
    (
        directory(access_filter="(a=b))(c=d", access_groups=None) | FREE,
        "identity.access_filter",
        "is not an LDAP",
        "(member",
    ),
    (directory(access_groups=["a", "a"]), "identity.access_groups[1]", "twice", "keep one"),
    (directory(access_groups=None), "identity", "has an association", "accounting_enforce: []"),
    (directory(slurm_account="physics"), "identity.slurm_account", "there is no account physics", "slurm.accounts"),
    (directory(home_directory="/home/%d/%u"), "identity.home_directory", "is not a path of home", "%u"),
    (
        directory(options={"ldap_uri": "x"}),
        "identity.options.ldap_uri",
        "identity.uris stands for",
        "set identity.uris",
    ),
    (directory(options={"a b": "x"}), 'identity.options["a b"]', "is not an option of sssd.conf", "a name"),
    (directory(options={"min_id": "1\n[sssd]"}), "identity.options.min_id", "is not a value", "a line"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_what_does_not_go_together(mistake: Mistake) -> None:
    check(mistake)


@pytest.mark.parametrize(
    "given",
    [
        directory(),
        directory(**BIND, type="freeipa", start_tls=True),
        directory(access_groups=None, access_filter="(&(a=b)(|(c=d)(e=\\28x\\29)))") | {"slurm": {"accounting": False}},
        directory(access_groups=None) | {"slurm": {"accounting_enforce": []}},
        directory(slurm_account="physics") | {"slurm": {"accounts": {"physics": {}}}},
    ],
)
def test_what_goes_together(given: dict[str, Any]) -> None:
    assert from_mapping(smallest(**given), "a test").identity is not None


def test_a_password_is_in_no_error() -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**directory(bind_password=" in the open ")), "a test")
    assert "in the open" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "schema"),
    [({}, "rfc2307"), ({"type": "freeipa"}, "ipa"), ({"type": "freeipa", "ldap_schema": "rfc2307bis"}, "rfc2307bis")],
)
def test_schemas(settings: dict[str, Any], schema: str) -> None:
    identity = from_mapping(smallest(**directory(**settings)), "a test").identity
    assert identity is not None
    assert identity.schema_in_use == schema

"""What an application credential with access rules lets its holder do, and what not."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from openstack.connection import Connection
from openstack.exceptions import HttpException

from localcloud.endpoints import KEYSTONE, REGION
from tests.engine.cloud_fixtures import temporary_server, wait_until


@pytest.fixture(scope="module")
def servers(user: Connection, network: Any) -> Iterator[tuple[Any, Any]]:
    with temporary_server(user, network) as mine, temporary_server(user, network) as other:
        yield mine, other


@pytest.fixture(scope="module")
def holder(user: Connection, servers: tuple[Any, Any]) -> Iterator[Connection]:
    """A connection that may look at servers and act on one of them."""
    mine, _ = servers
    identity, access = user_of(user)
    rules = [
        {"service": "compute", "method": "GET", "path": "/v2.1/servers/*"},
        {"service": "compute", "method": "POST", "path": f"/v2.1/servers/{mine.id}/action"},
    ]
    credential: Any = identity.create_application_credential(
        user=access.user_id, name=f"test-{uuid.uuid4().hex[:8]}", access_rules=rules
    )
    connection = Connection(
        auth_type="v3applicationcredential",
        auth={
            "auth_url": KEYSTONE.url,
            "application_credential_id": credential.id,
            "application_credential_secret": credential.secret,
        },
        region_name=REGION,
    )
    with connection:
        yield connection
    identity.delete_application_credential(access.user_id, credential)


def user_of(connection: Connection) -> tuple[Any, Any]:
    """The identity API (the SDK's type is any of two versions') and who is logged in."""
    auth: Any = connection.session.auth
    return connection.identity, auth.get_access(connection.session)


def settled(user: Connection, server: Any) -> Any:
    """The server once nothing is being done to it."""
    return wait_until(
        f"{server.name} to settle",
        lambda: (found := user.compute.get_server(server.id)).task_state is None and found,
    )


def test_its_own_server_can_be_looked_at(holder: Connection, servers: tuple[Any, Any]) -> None:
    assert holder.compute.get_server(servers[0].id).id == servers[0].id


@pytest.mark.parametrize("action", ["stop", "start", "reboot", "rebuild"])
def test_its_own_server_can_be_acted_on(
    holder: Connection, user: Connection, servers: tuple[Any, Any], action: str
) -> None:
    server = settled(user, servers[0])
    bodies: dict[str, dict[str, Any]] = {
        "stop": {"os-stop": None},
        "start": {"os-start": None},
        "reboot": {"reboot": {"type": "HARD"}},
        "rebuild": {"rebuild": {"imageRef": server.image.id}},
    }
    answer = holder.compute.post(f"/servers/{server.id}/action", json=bodies[action])
    assert answer.status_code == 202, answer.text
    assert settled(user, server).status == ("SHUTOFF" if action == "stop" else "ACTIVE")


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("compute", "post", "/servers/{other}/action"),
        ("compute", "get", "/servers"),
        ("compute", "delete", "/servers/{mine}"),
        ("compute", "put", "/servers/{mine}"),
        ("compute", "get", "/flavors"),
        ("network", "get", "/networks"),
        ("image", "get", "/images"),
        ("block_storage", "get", "/volumes"),
        ("placement", "get", "/resource_providers"),
    ],
)
def test_everything_else_is_refused(
    holder: Connection, servers: tuple[Any, Any], service: str, method: str, path: str
) -> None:
    url = path.format(mine=servers[0].id, other=servers[1].id)
    more = {"json": {"os-stop": None}} if method in ("post", "put") else {}
    with pytest.raises(HttpException) as caught:
        raise_for_refusal(getattr(getattr(holder, service), method)(url, **more))
    assert caught.value.status_code == 401


def raise_for_refusal(answer: Any) -> None:
    """Raise what the SDK would."""
    from openstack import exceptions

    exceptions.raise_from_response(answer)


def test_it_cannot_make_other_credentials(holder: Connection) -> None:
    identity, access = user_of(holder)
    with pytest.raises(HttpException) as caught:
        identity.create_application_credential(user=access.user_id, name="escape")
    assert caught.value.status_code in (401, 403)

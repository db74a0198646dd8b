"""Keystone, which also creates or updates the cloud's users, roles and catalog at each start.

Doing this here needs no extra process and keeps passwords out of the database template.
"""

import json
import os
import uuid
from pathlib import Path
from typing import Any
from unittest import mock

from localcloud.endpoints import ENDPOINTS, KEYSTONE, REGION

#: Users of the services: admin role on the project ``service``, as in the installation guides.
SERVICE_USERS = tuple(endpoint.name for endpoint in ENDPOINTS if endpoint is not KEYSTONE)

#: The ordinary user, its project and its roles.
USER = "slurm"
PROJECT = "slurm"
USER_ROLES = ("member", "reader")


def application() -> Any:
    """Keystone's WSGI application, on a database with the cloud's users."""
    from keystone.wsgi.api import application as keystone

    _seed(json.loads(Path(os.environ["LOCALCLOUD_PASSWORDS"]).read_text()))
    return keystone


def start_workers() -> None:
    """Do nothing: Keystone has no workers."""


def _seed(passwords: dict[str, str]) -> None:
    from keystone.cmd import bootstrap as module

    # keystone-manage's own bootstrap, in this process, because backends can be loaded only once.
    with mock.patch.object(module.backends, "load_backends"):
        bootstrap = module.Bootstrapper()
    bootstrap.admin_username, bootstrap.admin_password = "admin", passwords["admin"]
    bootstrap.project_name = "admin"
    bootstrap.admin_role_name, bootstrap.immutable_roles = "admin", True
    bootstrap.service_name, bootstrap.region_id = KEYSTONE.name, REGION
    bootstrap.public_url = bootstrap.internal_url = bootstrap.admin_url = KEYSTONE.url
    bootstrap.bootstrap()

    roles = {
        "admin": bootstrap.admin_role_id,
        "service": bootstrap.service_role_id,
        "member": bootstrap.member_role_id,
        "reader": bootstrap.reader_role_id,
    }
    service_project = _project("service")
    for name in SERVICE_USERS:
        _user(name, passwords[name], service_project, [roles["admin"], roles["service"]])
    _user(USER, passwords[USER], _project(PROJECT), [roles[role] for role in USER_ROLES])
    for endpoint in ENDPOINTS:
        if endpoint is not KEYSTONE:
            _catalog_entry(endpoint.name, endpoint.kind, endpoint.url)


def _project(name: str) -> str:
    from keystone import exception
    from keystone.common import provider_api

    resources = provider_api.ProviderAPIs.resource_api
    try:
        return str(resources.get_project_by_name(name, "default")["id"])
    except exception.ProjectNotFound:
        identity = uuid.uuid4().hex
        project = {"id": identity, "name": name, "domain_id": "default", "enabled": True, "description": ""}
        resources.create_project(identity, project)
        return identity


def _user(name: str, password: str, project: str, roles: list[str]) -> None:
    from keystone import exception
    from keystone.common import provider_api

    identity, assignment = provider_api.ProviderAPIs.identity_api, provider_api.ProviderAPIs.assignment_api
    try:
        user = identity.get_user_by_name(name, "default")
    except exception.UserNotFound:
        reference = {"name": name, "password": password, "domain_id": "default", "enabled": True}
        user = identity.create_user(user_ref={**reference, "default_project_id": project})
    else:
        try:
            identity.driver.authenticate(user["id"], password)
        except AssertionError:
            # Changing a password revokes the user's tokens, so it is only set if it differs.
            identity.update_user(user["id"], {"password": password})
    for role in roles:
        try:
            assignment.add_role_to_user_and_project(user_id=user["id"], project_id=project, role_id=role)
        except exception.Conflict:
            continue  # It already has that role.


def _catalog_entry(name: str, kind: str, url: str) -> None:
    from keystone.common import driver_hints, provider_api

    catalog = provider_api.ProviderAPIs.catalog_api
    hints = driver_hints.Hints()
    hints.add_filter("type", kind)
    services = catalog.list_services(hints)
    if services:
        service = services[0]
    else:
        identity = uuid.uuid4().hex
        service = {"id": identity, "name": name, "type": kind, "enabled": True}
        catalog.create_service(identity, service)
    hints = driver_hints.Hints()
    hints.add_filter("service_id", service["id"])
    known = {endpoint["interface"]: endpoint for endpoint in catalog.list_endpoints(hints)}
    for interface in ("public", "internal", "admin"):
        if interface not in known:
            identity = uuid.uuid4().hex
            endpoint = {"id": identity, "interface": interface, "url": url, "service_id": service["id"]}
            catalog.create_endpoint(identity, {**endpoint, "region_id": REGION, "enabled": True})
        elif known[interface]["url"] != url:
            catalog.update_endpoint(known[interface]["id"], {**known[interface], "url": url})

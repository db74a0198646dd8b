"""Manila, which a cloud has on request only: it costs memory and start-up time, and few tests need it.

It has packages, a database and a user of its own, so that a cloud without it is the same as before.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.control import database, process, services
from localcloud.control.configuration import HOST, Sections, database_options, render, token_check
from localcloud.control.credentials import passwords
from localcloud.control.environment import is_ready, make_environment
from localcloud.control.files import write_private
from localcloud.control.resources import connect
from localcloud.endpoints import ADDRESS, MANILA, REGION
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.services.manila_service import BACKEND

if TYPE_CHECKING:
    from openstack.connection import Connection

#: The type of shares that name none.
SHARE_TYPE = "folder"
#: The lock of its packages.
_LOCK = "share"
_FILE = "manila.conf"
#: Seconds within which the backend must have said what it can do; it does so once a minute.
_REPORT_SECONDS = 100
#: The section of the user who checks tokens, and what stays in the middleware's own.
_CHECKING = "checking"
_TOKEN_CHECK = ("www_authenticate_uri", "service_type", "service_token_roles_required")


def is_wanted(layout: CloudLayout) -> bool:
    """Whether a cloud has Manila."""
    return _mark(layout).exists()


def want(layout: CloudLayout) -> None:
    """Record that a cloud has Manila from now on."""
    layout.root.mkdir(parents=True, exist_ok=True)
    _mark(layout).touch()


def start(layout: CloudLayout, kind: ServerKind, steps: Steps) -> None:
    """Start Manila on a cloud that runs; install it and create its database, user and share type where missing.

    Raises:
        CloudError: something is missing or does not start.
    """
    if is_ready(_LOCK):
        prefix = make_environment(_LOCK)
    else:
        with steps.step("install Manila's Python packages"):
            prefix = make_environment(_LOCK)
    layout.service_state(MANILA.name).mkdir(mode=0o700, exist_ok=True)
    write_private(layout.etc / _FILE, render(configuration(layout, passwords(layout)[MANILA.name], prefix)))
    if not (layout.database / MANILA.name).exists():
        with steps.step("create Manila's database"):
            _create_database(layout, prefix)
    found = process.recorded(layout, MANILA.name)
    with connect(layout, admin=True) as admin:
        _register(admin, passwords(layout)[MANILA.name])
    if found is None or not found.alive:
        services.start(layout, prefix, [MANILA.name], kind)
        services.wait_until_ready(layout, [MANILA.name], steps)
    with connect(layout, admin=True) as admin:
        _make_share_type(admin)
        _wait_for_backend(admin)


def configuration(layout: CloudLayout, password: str, prefix: Path) -> Sections:
    """Its configuration file.

    Args:
        layout: the cloud.
        password: of its user.
        prefix: its virtual environment, which contains its paste pipeline.
    """
    state = layout.service_state(MANILA.name)
    check = token_check({MANILA.name: password}, MANILA)
    return {
        "DEFAULT": {
            "host": HOST,
            "my_ip": ADDRESS,
            "state_path": str(state),
            "transport_url": "fake://",
            "enabled_share_backends": BACKEND,
            "enabled_share_protocols": "NFS",
            "default_share_type": SHARE_TYPE,
            "api_paste_config": str(prefix / "etc/manila/api-paste.ini"),
            "rootwrap_config": str(prefix / "etc/manila/rootwrap.conf"),
            "periodic_fuzzy_delay": "0",
        },
        BACKEND: {
            "share_driver": "localcloud.share.driver.FolderShareDriver",
            "driver_handles_share_servers": "false",
            "share_backend_name": BACKEND,
        },
        "quota": dict.fromkeys(("shares", "gigabytes"), "-1"),
        "coordination": {"backend_url": f"file://{state / 'coordination'}"},
        "database": database_options(layout, MANILA.name),
        "oslo_concurrency": {"lock_path": str(state / "lock")},
        # Manila's share service has an option auth_url of its own where the middleware would register the user's.
        "keystone_authtoken": {"auth_section": _CHECKING, **{each: check[each] for each in _TOKEN_CHECK}},
        _CHECKING: {name: value for name, value in check.items() if name not in _TOKEN_CHECK},
    }


def _create_database(layout: CloudLayout, prefix: Path) -> None:
    """Create the database with its tables, or nothing."""
    database.execute(layout, f"CREATE DATABASE {MANILA.name} CHARACTER SET utf8mb3;")
    command = [str(prefix / "bin/manila-manage"), "--config-file", str(layout.etc / _FILE), "db", "sync"]
    environment = {**os.environ, process.MARK: str(layout.root), "PYTHONWARNINGS": "ignore"}
    environment["OS_MANILA_DISABLE_EVENTLET_PATCHING"] = "1"
    done = subprocess.run(command, env=environment, cwd=layout.etc, capture_output=True, text=True, check=False)
    if done.returncode:
        database.execute(layout, f"DROP DATABASE {MANILA.name};")
        raise ServiceError(
            f"manila-manage failed with exit status {done.returncode}",
            where="db sync",
            evidence="\n".join((done.stdout + done.stderr).splitlines()[-20:]),
        )


def _register(admin: "Connection", password: str) -> None:
    """Its user, and its place in the catalog."""
    identity: Any = admin.identity
    project = identity.find_project("service", ignore_missing=False)
    user = identity.find_user(MANILA.name)
    if user is None:
        user = identity.create_user(name=MANILA.name, password=password, default_project_id=project.id)
    for name in ("admin", "service"):
        identity.assign_project_role_to_user(project, user, identity.find_role(name, ignore_missing=False))
    service = next(iter(identity.services(type=MANILA.kind)), None)
    service = service or identity.create_service(name=MANILA.name, type=MANILA.kind)
    known = {endpoint.interface for endpoint in identity.endpoints(service_id=service.id)}
    for interface in ("public", "internal", "admin"):
        if interface not in known:
            identity.create_endpoint(service_id=service.id, interface=interface, url=MANILA.url, region_id=REGION)


def _make_share_type(admin: "Connection") -> None:
    manila: Any = admin.shared_file_system
    known = manila.get("/types").json()["share_types"]
    if SHARE_TYPE not in {each["name"] for each in known}:
        # Manila's first version of the API asks for snapshots unless told not to: no folder has them.
        specs = {"driver_handles_share_servers": "False", "snapshot_support": "False"}
        answer = manila.post("/types", json={"share_type": {"name": SHARE_TYPE, "extra_specs": specs}})
        if not answer.ok:
            raise ServiceError(f"made no share type: status {answer.status_code}", where=MANILA.name)


def _wait_for_backend(admin: "Connection") -> None:
    """Wait until the scheduler knows what the backend can do: before that, it places no share.

    Raises:
        ServiceError: it does not learn that.
    """
    end = time.monotonic() + _REPORT_SECONDS
    manila: Any = admin.shared_file_system
    while not manila.get("/scheduler-stats/pools").json().get("pools"):
        if time.monotonic() > end:
            raise ServiceError(f"the backend did not report within {_REPORT_SECONDS} s", where=MANILA.name)
        time.sleep(0.5)


def _mark(layout: CloudLayout) -> Path:
    return layout.root / "shares"

"""Passwords of one cloud, and the clouds.yaml for OpenStack clients."""

import json
import secrets
from pathlib import Path

from localcloud.control.files import write_private
from localcloud.endpoints import KEYSTONE, MANILA, REGION
from localcloud.host.layout import CloudLayout
from localcloud.services.keystone_service import PROJECT, SERVICE_USERS, USER

#: Names in clouds.yaml: the ordinary user's, and the administrator's.
CLOUD = "slurm-local"
ADMIN_CLOUD = "slurm-local-admin"


def passwords(layout: CloudLayout) -> dict[str, str]:
    """The cloud's passwords by user, created for a new cloud."""
    known: dict[str, str] = json.loads(layout.passwords.read_text()) if layout.passwords.exists() else {}
    users = {
        user: known.get(user) or secrets.token_urlsafe(32) for user in ("admin", USER, *SERVICE_USERS, MANILA.name)
    }
    if users != known:
        write_private(layout.passwords, json.dumps(users))
    return users


def write_clouds_yaml(layout: CloudLayout) -> Path:
    """Write clouds.yaml, readable only by its owner."""
    users = passwords(layout)
    # JSON is YAML and needs no extra library for quoting.
    clouds = {CLOUD: _cloud(USER, users[USER], PROJECT), ADMIN_CLOUD: _cloud("admin", users["admin"], "admin")}
    write_private(layout.clouds_yaml, json.dumps({"clouds": clouds}, indent=2) + "\n")
    return layout.clouds_yaml


def _cloud(user: str, password: str, project: str) -> dict[str, object]:
    return {
        "region_name": REGION,
        "identity_api_version": "3",
        "auth": {
            "auth_url": KEYSTONE.url,
            "username": user,
            "password": password,
            "project_name": project,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
    }

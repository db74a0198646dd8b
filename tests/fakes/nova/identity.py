"""What Keystone says."""

from __future__ import annotations

from typing import Any

PROJECT = "0123456789abcdef0123456789abcdef"


def versions(url: str) -> dict[str, Any]:
    """What an unauthenticated caller learns."""
    links = [{"rel": "self", "href": f"{url}/identity/v3/"}]
    return {"version": {"id": "v3.14", "status": "stable", "links": links}}


def token(url: str) -> dict[str, Any]:
    """What a token says: who, in which project, and where the services are."""
    catalog = [
        {
            "type": kind,
            "name": kind,
            "id": kind,
            "endpoints": [{"interface": "public", "region": "R", "region_id": "R", "id": kind, "url": url + path}],
        }
        for kind, path in (
            ("identity", "/identity/v3"),
            ("compute", "/compute/v2.1"),
            ("image", "/image"),
            ("volumev3", f"/volume/v3/{PROJECT}"),
        )
    ]
    domain = {"id": "default", "name": "Default"}
    return {
        "token": {
            "methods": ["application_credential"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "u", "domain": domain},
            "project": {"id": PROJECT, "name": "p", "domain": domain},
            "roles": [{"id": "r", "name": "member"}],
            "catalog": catalog,
        }
    }

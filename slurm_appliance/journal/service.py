"""The part of Pulumi's REST API that updates use, for one stack and the engine with its token.

Documented at https://www.pulumi.com/docs/pulumi-cloud/reference/cloud-rest-api/. All other requests get a 404, which
tells the engine that this service does not support them.
"""

import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slurm_appliance.journal.body import read_body
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import ORGANIZATION
from slurm_appliance.journal.listener import Call, JournalListener
from slurm_appliance.journal.replay import VERSION

Json = dict[str, Any]

#: Longer than any update; the engine renews its lease in time anyway.
_LEASE_SECONDS = 24 * 3600

_ACCOUNT = {"githubLogin": ORGANIZATION, "name": ORGANIZATION, "organizations": [{"githubLogin": ORGANIZATION}]}
_KINDS = ("update", "preview", "refresh", "destroy")
#: Requests within an update, with the update's lease: the method, and the path after the update's ID.
_WITHIN = {("PATCH", "journalentries"), ("POST", "renew_lease"), ("POST", "complete"), ("POST", "events/batch")}

#: Maximum size of a body in bytes: journal entries may contain the whole state, 10 MB at 1000 nodes.
MOST_ENTRY_BYTES = 128 * 1024 * 1024
MOST_BYTES = 8 * 1024 * 1024


_SUMMARY = b'"summaryEvent"'


class _Unknown(Exception):  # noqa: N818 - an answer rather than an error
    """Raised for unsupported requests."""


class JournalService:
    """Answers the engine's requests about one stack.

    Attributes:
        token: the engine's access token; within an update it uses the lease of that update.
        problems: why requests were rejected: the engine only shows the first line.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.token = secrets.token_urlsafe(32)
        self.problems: list[str] = []
        self._keeper = keeper
        self._stack = ["stacks", ORGANIZATION, keeper.layout.project, keeper.layout.stack]
        self._leases: dict[str, str] = {}
        self._http = JournalListener(self)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://{self._http.host}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer requests until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def permits(self, method: str, path: list[str], authorization: str) -> bool:
        """Whether a caller with this token may make the request.

        The engine uses an update's lease within that update, and its access token otherwise.
        """
        expected = f"token {self.token}"
        if path[1:5] == self._stack and (method, "/".join(path[7:])) in _WITHIN:
            lease = self._leases.get(path[6])
            if lease is None:
                return False
            expected = f"update-token {lease}"
        return hmac.compare_digest(authorization.encode(), expected.encode())

    def respond(self, call: Call) -> tuple[int, Json]:
        """The status and document of the response to a permitted request.

        Raises:
            BodyError: its body is rejected.
        """
        length, parts = call.headers.get("Content-Length"), call.words[1:]
        try:
            if parts[-2:] == ["events", "batch"]:
                packed = call.headers.get("Content-Encoding") == "gzip"
                raw = read_body(call.rfile, length, packed=packed, limit=MOST_ENTRY_BYTES)
                # Most batches have nothing that is needed, and thousands of resources.
                body = _document(raw) if _SUMMARY in raw else {}
                return 200, self.answer(call.command, parts, body, "")
            limit = MOST_ENTRY_BYTES if parts[-1:] == ["journalentries"] else MOST_BYTES
            packed = call.headers.get("Content-Encoding") == "gzip"
            body = _document(read_body(call.rfile, length, packed=packed, limit=limit))
            return 200, self.answer(call.command, parts, body, _engine(call.headers.get("User-Agent", "")))
        except _Unknown:
            return 404, {"code": 404, "message": "not supported"}
        except (JournalError, OSError) as error:
            self.problems.append(str(error))
            # The engine retries server errors, but this is permanent.
            return 400, {"code": 400, "message": str(error)}

    def answer(self, method: str, parts: list[str], body: Json, engine: str) -> Json:
        """The response to a request.

        Args:
            method: the HTTP method.
            parts: the parts of the path below ``/api``.
            body: the request's body.
            engine: the version of the calling engine.

        Raises:
            JournalError: the request cannot be served.
        """
        if parts[:4] == self._stack:
            return self._about_stack(method, parts[4:], body, engine)
        match method, parts:
            case "GET", ["user"]:
                return _ACCOUNT
            case "GET", ["user", "organizations", "default"]:
                return {"GitHubLogin": ORGANIZATION}
            case "GET", ["capabilities"]:
                return {"capabilities": []}
            case "HEAD", ["stacks", _, _]:
                return {}
        raise _Unknown

    def _about_stack(self, method: str, rest: list[str], body: Json, engine: str) -> Json:
        keeper = self._keeper
        match method, rest:
            case "GET", []:
                keys = ("orgName", "projectName", "stackName")
                return dict(zip(keys, self._stack[1:], strict=True)) | {"tags": {}, "version": len(keeper.updates)}
            case "GET", ["export"]:
                return keeper.export()
            case "GET", ["updates", *_]:
                return {"updates": [update.as_history(number) for number, update in enumerate(keeper.updates, 1)][::-1]}
            case "POST", [kind] if kind in _KINDS:
                return {"updateID": keeper.announce(kind, *_metadata(body)).id}
            case "POST", [_, id_]:
                if body.get("journalVersion") != VERSION:
                    raise JournalError("this engine is too old: it does not support journaling")
                keeper.start(keeper.find(id_), engine)
                self._leases[id_] = secrets.token_urlsafe(32)
                return self._lease(id_) | {"version": len(keeper.updates), "journalVersion": VERSION}
            case "PATCH", [_, _, "journalentries"]:
                keeper.add(_member(body, "entries", list))
                return {}
            case "POST", [_, id_, "renew_lease"]:
                return self._lease(id_)
            case "POST", [_, id_, "complete"]:
                keeper.complete(keeper.find(id_), _member(body, "status", str))
                return {}
            case "POST", [_, id_, "events", "batch"]:
                changes = _resource_changes(body)
                if changes:
                    keeper.count(keeper.find(id_), changes)
                return {}
        raise _Unknown

    def _lease(self, id_: str) -> Json:
        return {"token": self._leases[id_], "tokenExpiration": int(time.time()) + _LEASE_SECONDS}


def _document(raw: bytes) -> Json:
    """The JSON object in a body; an empty one without a body."""
    try:
        document = json.loads(raw) if raw else {}
    except ValueError as error:
        raise JournalError(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise JournalError("the body is not a JSON object")
    return document


def _member(body: Json, name: str, type_: type) -> Any:
    if not isinstance(body.get(name), type_):
        raise JournalError(f"the body has no {name}")
    return body[name]


def _metadata(body: Json) -> tuple[str, dict[str, str]]:
    """The message and the environment of an announced update."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return "", {}
    environment = metadata.get("environment")
    known = environment if isinstance(environment, dict) else {}
    return str(metadata.get("message") or ""), {str(name): str(value) for name, value in known.items()}


def _resource_changes(body: Json) -> dict[str, int]:
    """The numbers of resources by operation, from a batch of events; empty if it has no summary."""
    for event in body.get("events") or []:
        summary = event.get("summaryEvent") if isinstance(event, dict) else None
        changes = summary.get("resourceChanges") if isinstance(summary, dict) else None
        if isinstance(changes, dict):
            return {str(name): number for name, number in changes.items() if isinstance(number, int)}
    return {}


def _engine(agent: str) -> str:
    """The engine's version in its User-Agent; empty if it has none."""
    match = re.search(r"\((v[0-9][^;)]*)", agent)
    return match[1] if match else ""

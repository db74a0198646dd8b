"""One fault: what it applies to and what it does."""

import re
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from localcloud.errors import FaultError

Effect = Literal["answer", "delay", "cut-before", "cut-after", "rebuild-error", "never-boots"]

#: Effects on API calls, applied by the middleware. The compute driver applies the others.
CALL_EFFECTS = ("answer", "delay", "cut-before", "cut-after")

#: Services whose calls can fail.
SERVICES = ("keystone", "glance", "placement", "nova", "neutron", "cinder", "metadata")

STATUSES = (409, 429, 500, 503)


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        effect: ``answer`` with `status` instead of doing anything; ``delay`` the call by `seconds`; ``cut-before``
            closes the connection without doing anything; ``cut-after`` does the work, then closes the connection
            instead of answering; ``rebuild-error`` makes the rebuild of a server fail on the compute host;
            ``never-boots`` leaves a server ACTIVE with nothing running inside that would answer.
        service: which service's calls (call effects only).
        method: HTTP method, or ``*``.
        path: regular expression searched in the URL's path, such as ``/servers/[^/]+/action$``.
        body: regular expression searched in the request's body, such as ``"rebuild"``; empty for any.
        server: regular expression searched in the server's name and id (server effects only).
        status: what to answer: 409, 429, 500 or 503.
        seconds: the delay, or the value of Retry-After with 429 and 503.
        times: number of remaining calls; None for all until it is cleared.
        id: its ID for ``clear``.
    """

    effect: Effect
    service: str = "nova"
    method: str = "*"
    path: str = ""
    body: str = ""
    server: str = ""
    status: int = 500
    seconds: float = 1.0
    times: int | None = 1
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        if self.effect not in get_args(Effect):
            raise FaultError(f"unknown effect {self.effect!r}", remedy=f"one of {', '.join(get_args(Effect))}")
        if self.service not in SERVICES:
            raise FaultError(f"unknown service {self.service!r}", remedy=f"one of {', '.join(SERVICES)}")
        if self.effect == "answer" and self.status not in STATUSES:
            raise FaultError(f"cannot answer {self.status}", remedy=f"one of {', '.join(map(str, STATUSES))}")
        if self.times is not None and self.times < 1:
            raise FaultError(f"times is {self.times}", remedy="use one or more, or None for all calls until cleared")
        if self.seconds < 0:
            raise FaultError(f"seconds is {self.seconds}", remedy="use zero or more")
        for name in ("path", "body", "server"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise FaultError(f"{name} {getattr(self, name)!r} is not a regular expression: {error}") from None

    def matches_call(self, service: str, method: str, path: str, body: str) -> bool:
        """Whether the fault applies to an API call."""
        return (
            self.effect in CALL_EFFECTS
            and self.service == service
            and self.method.upper() in ("*", method)
            and re.search(self.path, path) is not None
            and (not self.body or re.search(self.body, body) is not None)
        )

    def matches_server(self, effect: str, *names: str) -> bool:
        """Whether the fault has this effect on a server with one of these names (ID, name)."""
        return self.effect == effect and any(re.search(self.server, name) for name in names)

    def as_dict(self) -> dict[str, Any]:
        """The fault as a JSON object."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read a JSON object; unknown keys come from another version and are ignored."""
        known = {item.name for item in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})

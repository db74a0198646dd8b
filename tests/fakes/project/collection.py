"""Collections of things that are created, listed, changed and deleted in the same way everywhere in OpenStack."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

from tests.fakes.project.http import Answer, RefusalError, Request, missing

Thing = dict[str, Any]


class Collection:
    """Things of one kind.

    Args:
        one: the word for one of them: ``port``.
        many: the word for all of them: ``ports``.
        make: completes a new one from what the request gave.
        remove: called before one is deleted; may raise RefusalError.
        page: the most that a list shows at once.
        created: the status of the answer to a creation.
    """

    def __init__(
        self,
        one: str,
        many: str,
        make: Callable[[Thing], Thing] = lambda given: given,
        remove: Callable[[Thing], None] = lambda _thing: None,
        page: int = 1000,
        created: int = 201,
    ) -> None:
        self.one, self.many, self.page, self.created = one, many, page, created
        self.things: dict[str, Thing] = {}
        self._make, self._remove = make, remove
        self._lock = threading.RLock()

    def add(self, **given: Any) -> Thing:
        """Create one."""
        with self._lock:
            thing = self._make({"id": str(uuid.uuid4()), **given})
            self.things[thing["id"]] = thing
        return thing

    def get(self, id_: str) -> Thing:
        """One of them, or RefusalError with 404."""
        if id_ not in self.things:
            raise missing(f"{self.one} {id_}")
        return self.things[id_]

    def named(self, name: str) -> Thing:
        """The one of this name."""
        (found,) = [thing for thing in self.things.values() if thing["name"] == name]
        return found

    def delete(self, id_: str) -> None:
        """Delete one."""
        with self._lock:
            self._remove(self.get(id_))
            del self.things[id_]

    def answer(self, request: Request, id_: str | None) -> Answer:
        """What all collections have in common; ``id_`` is None for the collection itself."""
        match request.method, id_:
            case "POST", None:
                return Answer(self.created, {self.one: self.add(**request.body[self.one])})
            case "GET", None:
                return Answer(200, self.listed(request))
            case "GET", str(known):
                return Answer(200, {self.one: self.get(known)})
            case "PUT", str(known):
                thing = self.get(known)
                thing.update(request.body[self.one])
                return Answer(200, {self.one: thing})
            case "DELETE", str(known):
                self.delete(known)
                return Answer(204)
        raise RefusalError(405, f"{request.method} {self.many}")

    def listed(self, request: Request) -> dict[str, Any]:
        """A page of the list, filtered by what the query says of things' own attributes."""
        things = list(self.things.values())
        for key, wanted in request.query.items():
            if key not in ("limit", "marker", "fields", "details"):
                things = [thing for thing in things if key not in thing or str(thing[key]) in wanted]
        if "marker" in request.query:
            ids = [thing["id"] for thing in things]
            things = things[ids.index(request.query["marker"][0]) + 1 :]
        page = things[: min(self.page, int(request.query.get("limit", [self.page])[0]))]
        more = [{"rel": "next", "href": "more"}] if len(page) < len(things) else []
        return {self.many: page, f"{self.many}_links": more}

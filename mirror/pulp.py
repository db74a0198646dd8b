"""A client of Pulp's REST API: requests, paging, and waiting for tasks."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import requests

from mirror.errors import PulpError, TaskError
from mirror.options import Options
from mirror.places import MirrorPlaces

Resource = dict[str, Any]

#: Called with a line about a running task.
Tell = Callable[[str], None]

_ROOT = "/pulp/api/v3/"
_ENDED = frozenset({"completed", "failed", "canceled", "skipped"})

_SERVER_ERRORS = HTTPStatus.INTERNAL_SERVER_ERROR

#: Interval for polling a task, in seconds.
_FIRST_LOOK, _LATER_LOOK = 0.1, 1.0


class Pulp:
    """A client of one Pulp, logged in during a with block.

    Tasks that it started and that still run when the block ends are cancelled.

    Args:
        url: the API's root, no slash at its end.
        password: of the user admin.
        tell: called with the progress of long tasks.
    """

    def __init__(self, url: str, password: str, tell: Tell = lambda _line: None) -> None:
        self._url = url
        self._tell = tell
        self._password = password
        self._going: set[str] = set()
        self._session = requests.Session()
        # The API is on this machine: ignore proxies and netrc files.
        self._session.trust_env = False

    @classmethod
    def of(cls, places: MirrorPlaces, options: Options, tell: Tell = lambda _line: None) -> "Pulp":
        """A client of the mirror with these folders."""
        return cls(options.api_url, places.admin_password.read_text().strip(), tell)

    def __enter__(self) -> "Pulp":
        # A password check costs half a second in Pulp; a session needs only one.
        try:
            self._request("POST", "login/", auth=("admin", self._password))
        except BaseException:
            self._session.close()
            raise
        self._session.headers["X-CSRFToken"] = str(self._session.cookies["csrftoken"])
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._session:
            try:
                self._ask_to_cancel(self._going)
                self._request("DELETE", "login/")
            except PulpError as error:
                if kind is None:
                    raise
                # The error that ended the block matters more.
                self._tell(f"cannot cancel tasks: {error.what}")

    def list(self, path: str, **query: Any) -> Iterator[Resource]:
        """All resources of a kind that a query selects, from all pages.

        Args:
            path: below the API's root: ``repositories/deb/apt/``.
            query: Pulp's filters.
        """
        offset = 0
        while True:
            page = self._request("GET", path, params={**query, "limit": 100, "offset": offset})
            yield from page["results"]
            offset += len(page["results"])
            if page["next"] is None:
                return

    def find(self, path: str, name: str) -> Resource | None:
        """The resource of a kind with a name, or None."""
        return next(self.list(path, name=name), None)

    def get(self, path: str) -> Resource:
        """One resource, by its path or ``pulp_href``."""
        return self._request("GET", path)

    def create(self, path: str, body: Mapping[str, Any], about: str) -> Resource:
        """Create a resource and return it, whether Pulp creates it at once or with a task."""
        answer = self._request("POST", path, json=body)
        if "task" not in answer:
            return answer
        return self.get(self.wait(answer["task"], about)[0])

    def change(self, href: str, body: Mapping[str, Any], about: str) -> None:
        """Change a resource."""
        answer = self._request("PATCH", href, json=body)
        if "task" in answer:
            self.wait(answer["task"], about)

    def delete(self, href: str, about: str) -> None:
        """Delete a resource; a missing one is not an error."""
        try:
            answer = self._request("DELETE", href)
        except PulpError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            raise
        if "task" in answer:
            self.wait(answer["task"], about)

    def start(self, path: str, body: Mapping[str, Any]) -> str:
        """Start a task and return its ``href``."""
        task: str = self._request("POST", path, json=body)["task"]
        return task

    def wait(self, task: str, about: str, limit: float = 600.0) -> Sequence[str]:
        """Wait for a task, report its progress, and return the resources that it created.

        Args:
            task: its ``href``.
            about: its purpose, for messages.
            limit: timeout in seconds.

        Raises:
            TaskError: it failed or was cancelled (with Pulp's message), or it timed out and is cancelled.
        """
        return self.wait_all({task: about}, limit)[task]

    def wait_all(self, tasks: Mapping[str, str], limit: float) -> dict[str, Sequence[str]]:
        """Wait for several tasks.

        Raises:
            TaskError: as `wait`, after waiting for the other tasks.
        """
        end = time.monotonic() + limit
        pause = _FIRST_LOOK
        going, ended, told = dict(tasks), {}, dict.fromkeys(tasks, "")
        failures: list[TaskError] = []
        while going:
            for task, about in list(going.items()):
                state = self.get(task)
                if (line := _progress(state)) and line != told[task]:
                    told[task] = line
                    self._tell(f"{about}: {line}")
                if state["state"] not in _ENDED:
                    continue
                del going[task]
                self._going.discard(task)
                ended[task] = state["created_resources"]
                if state["state"] != "completed":
                    failures.append(_failure(state, about))
            if going and time.monotonic() > end:
                late = ", ".join(going.values())
                raise TaskError(f"cancelled: not finished within {limit:.0f} s", where=late, remedy="increase --limit")
            if going:
                time.sleep(pause)
                pause = min(_LATER_LOOK, pause * 1.3)
        if failures:
            raise failures[0] if len(failures) == 1 else _together(failures)
        return ended

    def cancel_going(self, resource: str, about: str) -> None:
        """Cancel the tasks that hold a resource, and wait until they have released it.

        Interrupted commands leave such tasks, which would block the next command.
        """
        query = {"reserved_resources": resource, "state__in": "running,waiting,canceling"}
        going = {task["pulp_href"]: about for task in self.list("tasks/", **query)}
        if not going:
            return
        self._tell(f"{about}: cancelling tasks left by an interrupted command")
        self._ask_to_cancel(going)
        try:
            self.wait_all(going, limit=120.0)
        except TaskError:
            # They only had to end, in any state; the next list shows whether they did.
            if any(self.list("tasks/", **query)):
                raise

    def _ask_to_cancel(self, tasks: Collection[str]) -> None:
        for task in list(tasks):
            try:
                self._request("PATCH", task, json={"state": "canceled"})
            except PulpError as error:
                if error.status != HTTPStatus.CONFLICT:  # It has just ended by itself.
                    raise

    def _request(self, method: str, path: str, **arguments: Any) -> Resource:
        url = urljoin(f"{self._url}{_ROOT}", path)
        try:
            answer = self._session.request(method, url, timeout=60, **arguments)
        except requests.RequestException as error:
            raise PulpError(
                f"cannot be reached: {error}", where=url, remedy="see 'slurm-appliance mirror status'"
            ) from error
        if not answer.ok:
            said = f"refused {method} {path} ({answer.status_code} {answer.reason})"
            remedy = "see logs/api.log in the mirror's folder" if answer.status_code >= _SERVER_ERRORS else ""
            raise PulpError(said, where="Pulp", evidence=explain(answer), remedy=remedy, status=answer.status_code)
        resource: Resource = answer.json() if answer.content else {}
        if "task" in resource and answer.status_code == HTTPStatus.ACCEPTED:
            self._going.add(resource["task"])
        return resource


def explain(answer: requests.Response) -> str:
    """Pulp's messages about a rejected request, one per line."""
    try:
        said = answer.json()
    except ValueError:
        return "" if "<html" in answer.text else answer.text[:2000]
    if not isinstance(said, dict):
        return str(said)
    lines = []
    for field, complaints in said.items():
        several = complaints if isinstance(complaints, list) else [complaints]
        prefix = "" if field in ("detail", "non_field_errors") else f"{field}: "
        lines += [f"{prefix}{complaint}" for complaint in several]
    return "\n".join(lines)


def _progress(task: Resource) -> str:
    """A task's progress from Pulp's counters."""
    parts = []
    for report in task["progress_reports"]:
        if report["state"] == "running" or report["done"]:
            total = f" of {report['total']}" if report["total"] else ""
            parts.append(f"{report['message'].lower()} {report['done']}{total}")
    return ", ".join(parts)


def _failure(task: Resource, about: str) -> TaskError:
    error = task["error"] or {}
    said = str(error.get("description") or error.get("reason") or "Pulp gave no reason")
    return TaskError(f"Pulp's task {task['state'].replace('canceled', 'was cancelled')}", where=about, evidence=said)


def _together(failures: Sequence[TaskError]) -> TaskError:
    names = ", ".join(failure.where for failure in failures)
    evidence = "\n".join(f"{failure.where}: {line}" for failure in failures for line in failure.evidence.splitlines())
    return TaskError(f"{len(failures)} of Pulp's tasks failed", where=names, evidence=evidence)

"""Resources of one build in the cloud: created once by the build's name, waited for, and deleted."""

from collections.abc import Callable, Mapping
from typing import Any

from slurm_appliance.cloud.image_names import resource_name
from slurm_appliance.image.api import Api, create_once, pages
from slurm_appliance.image.errors import BuildError, CloudApiError, ImageError
from slurm_appliance.image.stop import Deadline

#: Timeout for one step of Nova, Cinder or Neutron, in seconds.
STEP_LIMIT = 900.0
#: Polling interval in seconds.
PAUSE = 1.0


class BuildResources:
    """The resources of one build. All of them have the build's name, so nothing has to be recorded.

    Args:
        api: the cloud.
        build: the build's id.
        deadline: ends waits.
    """

    def __init__(self, api: Api, build: str, deadline: Deadline) -> None:
        self._api = api
        self._deadline = deadline
        self.name = resource_name(build)

    def create(self, service: str, path: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a resource with the build's name, once."""
        listing = {"compute": "/servers", "block_storage": "/volumes"}.get(service, path)
        query = {"name": f"^{self.name}$" if service == "compute" else self.name}

        def find() -> Any:
            return next(pages(self._api, service, listing, listing[1:].replace("-", "_"), query), None)

        def create() -> Any:
            return self._api.call(service, "POST", path, json={key: {"name": self.name, **body}}, retry=False).body[key]

        made: dict[str, Any] = create_once(self._api, find, create)
        return made

    def reference(self, service: str, path: str, key: str, reference: str, what: str) -> dict[str, Any]:
        """Resolve an ID or a name of an existing resource.

        Raises:
            ImageError: there is none, or several have the name.
        """
        found = [
            each for each in pages(self._api, service, path, key) if reference in (each.get("id"), each.get("name"))
        ]
        if len(found) != 1:
            number = "no" if not found else str(len(found))
            raise ImageError(f"{number} {what} has the name {reference}", remedy="use an ID or a unique name")
        body: dict[str, Any] = found[0]
        return body

    def becomes(self, what: str, wanted: str, status: Callable[[], str], bad: Callable[[str], bool]) -> None:
        """Wait until something has a status.

        Raises:
            BuildError: it has a bad status, or not the wanted one in time.
        """
        last = ""

        def reached() -> bool:
            nonlocal last
            last = status()
            if bad(last):
                raise BuildError(f"the {what} is {last} instead of {wanted}", where=self.name)
            return last == wanted

        try:
            self._deadline.until(
                reached, limit=STEP_LIMIT, pause=PAUSE, on_time_out=lambda: f"after {STEP_LIMIT:.0f} s it is {last}"
            )
        except TimeoutError as error:
            raise BuildError(f"the {what} did not become {wanted}: {error}", where=self.name) from error


def forget(api: Api, deadline: Deadline, service: str, path: str) -> None:
    """Delete a resource and wait until it is gone.

    Raises:
        TimeoutError: it still exists.
    """
    try:
        api.call(service, "DELETE", path)
    except CloudApiError as error:
        if error.status == 404:
            return
        raise

    def gone() -> bool:
        try:
            api.call(service, "GET", path)
        except CloudApiError as error:
            if error.status == 404:
                return True
            raise
        return False

    deadline.until(gone, limit=STEP_LIMIT, pause=PAUSE, on_time_out=lambda: f"{service} {path} still exists")

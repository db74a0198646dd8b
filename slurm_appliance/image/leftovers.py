"""Removes everything with a build's name: at its end, and after builds that were killed."""

from collections.abc import Callable, Iterator
from typing import Any

from slurm_appliance.cloud.image_names import resource_name
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image import images
from slurm_appliance.image.api import Api, pages
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.plan import Claim
from slurm_appliance.image.resources import PAUSE, STEP_LIMIT, forget
from slurm_appliance.image.stop import Deadline


def remove(api: Api, build: str, deadline: Deadline, say: Callable[[str], None]) -> None:
    """Remove what a build created, except its mark.

    Tries every kind, even if another could not be removed.

    Raises:
        BuildError: something remains; lists each resource and the reason.
    """
    name = resource_name(build)
    problems: list[str] = []
    for what, delete in _found(api, name, deadline, problems):
        say(f"remove {what}")
        try:
            delete()
        except (ApplianceError, TimeoutError) as error:
            problems.append(f"{what}: {error}")
    if problems:
        raise BuildError(
            "could not be removed: " + "; ".join(problems),
            where=name,
            remedy="the next build retries; or remove them manually",
        )


def remove_abandoned(
    api: Api, build_folder: BuildFolder, claim: Claim, deadline: Deadline, say: Callable[[str], None]
) -> None:
    """Remove a dead build with its mark; its keys on this machine are removed in any case.

    Raises:
        BuildError: something remains; lists each resource and the reason.
    """
    say(f"removing leftovers of the build {claim.build} of {claim.owner}: {claim.why}")
    build_folder.tidy(claim.build)
    remove(api, claim.build, deadline, say)
    images.delete(api, claim.id)


def _found(api: Api, name: str, deadline: Deadline, problems: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """The leftovers in order of removal, with the actions that remove them."""

    def listing(service: str, path: str, key: str, query: dict[str, str]) -> list[Any]:
        try:
            return list(pages(api, service, path, key, query))
        except ApplianceError as error:
            problems.append(f"{key}: {error}")
            return []

    def forgetting(service: str, path: str) -> Callable[[], None]:
        return lambda: forget(api, deadline, service, path)

    for each in listing("compute", "/servers", "servers", {"name": f"^{name}$"}):
        yield f"server {each['id']}", forgetting("compute", f"/servers/{each['id']}")
    for each in listing("image", "/images", "images", {"name": name}):
        if not each.get("tags"):
            yield f"incomplete image {each['id']}", lambda image=each["id"]: images.delete(api, image)  # type: ignore[misc]
    for each in listing("network", "/floatingips", "floatingips", {"description": name}):
        yield f"floating IP {each['floating_ip_address']}", forgetting("network", f"/floatingips/{each['id']}")
    for each in listing("network", "/ports", "ports", {"name": name}):
        yield f"port {each['id']}", forgetting("network", f"/ports/{each['id']}")
    for each in listing("network", "/security-groups", "security_groups", {"name": name}):
        yield f"security group {each['id']}", forgetting("network", f"/security-groups/{each['id']}")
    for each in listing("block_storage", "/volumes", "volumes", {"name": name}):
        yield f"volume {each['id']}", lambda volume=each["id"]: _delete_volume(api, deadline, volume)  # type: ignore[misc]


def _delete_volume(api: Api, deadline: Deadline, volume: str) -> None:
    """Delete a volume as soon as Cinder releases it: it may just have been attached or uploaded to Glance."""

    def idle() -> bool:
        found = list(pages(api, "block_storage", "/volumes/detail", "volumes"))
        status = next((each["status"] for each in found if each["id"] == volume), "deleted")
        return status in {"available", "error", "deleted", "error_deleting"}

    deadline.until(idle, limit=STEP_LIMIT, pause=PAUSE, on_time_out=lambda: f"volume {volume} is still in use")
    forget(api, deadline, "block_storage", f"/volumes/{volume}")

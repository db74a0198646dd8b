"""The build server and what it needs: its network, its volume, and the image that it becomes."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.image_names import PROPERTY
from slurm_appliance.image.api import Api, create_once, pages
from slurm_appliance.image.errors import BuildError, CloudApiError
from slurm_appliance.image.resources import PAUSE, BuildResources, forget
from slurm_appliance.image.spec import Machine
from slurm_appliance.image.stop import Deadline

#: Nova's first microversion whose createImage returns the image's ID as JSON.
_CREATE_IMAGE_ANSWERS = "2.45"


@dataclass(frozen=True)
class BuildServer:
    """A server from Nova."""

    id: str
    status: str
    fault: str
    task: str


class Machines:
    """Creates what one build needs, and waits for it.

    Args:
        api: the cloud.
        build: the build's id.
        deadline: ends waits.
    """

    def __init__(self, api: Api, build: str, deadline: Deadline) -> None:
        self._api = api
        self._deadline = deadline
        self._resources = BuildResources(api, build, deadline)
        self._metadata = {f"{PROPERTY}build": build}
        self.name = self._resources.name

    def security_group(self, port: int) -> str:
        """Create a security group that allows ssh, and return its ID."""
        group = self._resources.create(
            "network", "/security-groups", "security_group", {"description": "ssh for an image build"}
        )
        for family in ("IPv4", "IPv6"):
            rule = {
                "security_group_id": group["id"],
                "direction": "ingress",
                "protocol": "tcp",
                "ethertype": family,
                "port_range_min": port,
                "port_range_max": port,
            }
            self._add_rule(rule)
        return str(group["id"])

    def _add_rule(self, rule: Mapping[str, Any]) -> None:
        try:
            self._api.call("network", "POST", "/security-group-rules", json={"security_group_rule": rule})
        except CloudApiError as error:
            if error.status != 409:  # it exists: retried after a lost answer
                raise

    def port(self, machine: Machine, security_groups: Sequence[str] | None) -> dict[str, Any]:
        """Create the server's port and return Neutron's description of it.

        Args:
            machine: names the network.
            security_groups: ids; None if the network does not support them.
        """
        network = self._resources.reference("network", "/networks", "networks", machine.network, "network")
        body: dict[str, Any] = {"network_id": network["id"]}
        if network.get("port_security_enabled", True) is not False and security_groups is not None:
            body["security_groups"] = list(security_groups)
        return self._resources.create("network", "/ports", "port", body)

    def group_ids(self, names: Sequence[str]) -> list[str]:
        """Ids of existing security groups."""
        found = [
            self._resources.reference("network", "/security-groups", "security_groups", name, "security group")
            for name in names
        ]
        return [str(each["id"]) for each in found]

    def floating_ip(self, port: str, network: str) -> str:
        """Create a floating IP for the server's port, and return its address."""
        external = self._resources.reference("network", "/networks", "networks", network, "network")
        body = {"floating_network_id": external["id"], "port_id": port, "description": self.name}
        query = {"description": self.name}
        made = create_once(
            self._api,
            lambda: next(pages(self._api, "network", "/floatingips", "floatingips", query), None),
            lambda: self._api.call("network", "POST", "/floatingips", json={"floatingip": body}, retry=False).body[
                "floatingip"
            ],
        )
        return str(made["floating_ip_address"])

    def volume(self, machine: Machine, image: str) -> str:
        """Create the root volume from an image, wait until it is ready, and return its ID."""
        body = {"size": machine.volume_size, "imageRef": image, "metadata": self._metadata}
        if machine.volume_type:
            body["volume_type"] = machine.volume_type
        if machine.availability_zone:
            body["availability_zone"] = machine.availability_zone
        volume = str(self._resources.create("block_storage", "/volumes", "volume", body)["id"])
        self.volume_becomes(volume, "available")
        return volume

    def volume_becomes(self, volume: str, wanted: str) -> None:
        """Wait until a volume has a status."""
        self._resources.becomes(
            "volume",
            wanted,
            lambda: str(self._api.call("block_storage", "GET", f"/volumes/{volume}").body["volume"]["status"]),
            lambda status: status.startswith("error"),
        )

    def server(self, machine: Machine, *, image: str, volume: str, port: str, user_data: str) -> str:
        """Create the server and return its id; does not wait."""
        flavor = self._resources.reference("compute", "/flavors", "flavors", machine.flavor, "flavor")
        body: dict[str, Any] = {
            "flavorRef": flavor["id"],
            "networks": [{"port": port}],
            "user_data": base64.b64encode(user_data.encode()).decode(),
            "metadata": {"ansible_init_disable": "true", **self._metadata},
        }
        if machine.availability_zone:
            body["availability_zone"] = machine.availability_zone
        if volume:
            root = {"boot_index": 0, "uuid": volume, "source_type": "volume", "destination_type": "volume"}
            body["block_device_mapping_v2"] = [{**root, "delete_on_termination": False}]
        else:
            body["imageRef"] = image
        return str(self._resources.create("compute", "/servers", "server", body)["id"])

    def look(self, server: str) -> BuildServer:
        """The server's current state."""
        body = self._api.call("compute", "GET", f"/servers/{server}").body["server"]
        fault = body.get("fault") or {}
        return BuildServer(
            body["id"], body["status"], fault.get("message", ""), body.get("OS-EXT-STS:task_state") or ""
        )

    def becomes_active(self, server: str) -> None:
        """Wait until Nova has built the server."""
        self._resources.becomes("server", "ACTIVE", lambda: self._status(server), lambda status: status == "ERROR")

    def becomes_shut_off(self, server: str, timeout: float) -> None:
        """Wait until Nova has seen that the server powered itself off.

        Args:
            server: its id.
            timeout: time in seconds after which Nova is told to stop it: Nova polls its hypervisors rarely.
        """
        timed_out = False

        def status() -> str:
            return self._status(server)

        try:
            self._deadline.until(
                lambda: status() == "SHUTOFF", limit=timeout, pause=PAUSE, on_time_out=lambda: "not shut off yet"
            )
        except TimeoutError:
            timed_out = True
        if timed_out:
            try:
                self._api.call("compute", "POST", f"/servers/{server}/action", json={"os-stop": None})
            except CloudApiError as error:
                if error.status != 409:  # Nova noticed just now
                    raise
            self._resources.becomes("server", "SHUTOFF", status, lambda found: found == "ERROR")

    def delete_server(self, server: str) -> None:
        """Delete the server and wait until it is gone."""
        forget(self._api, self._deadline, "compute", f"/servers/{server}")

    def snapshot(self, server: str, properties: Mapping[str, str]) -> str:
        """Create an image from the server's root disk; return its ID at once."""
        body = {"createImage": {"name": self.name, "metadata": dict(properties)}}

        def create() -> Any:
            path = f"/servers/{server}/action"
            answer = self._api.call("compute", "POST", path, json=body, version=_CREATE_IMAGE_ANSWERS, retry=False)
            return {"id": answer.body["image_id"]}

        return str(create_once(self._api, self._half_made_image, create)["id"])

    def upload(self, volume: str, disk_format: str) -> str:
        """Create an image from the root volume; return its ID at once."""
        action = {"image_name": self.name, "disk_format": disk_format, "container_format": "bare", "force": False}

        def create() -> Any:
            path = f"/volumes/{volume}/action"
            body = {"os-volume_upload_image": action}
            answer = self._api.call("block_storage", "POST", path, json=body, retry=False)
            return {"id": answer.body["os-volume_upload_image"]["image_id"]}

        return str(create_once(self._api, self._half_made_image, create)["id"])

    def image_becomes_active(self, image: str) -> None:
        """Wait until the image is complete."""
        self._resources.becomes(
            "image",
            "active",
            lambda: str(self._api.call("image", "GET", f"/images/{image}").body["status"]),
            lambda status: status in {"killed", "deleted", "pending_delete", "deactivated"},
        )

    def console(self, server: str, lines: int = 30) -> str:
        """The last lines of the server's console, or why they are not available."""
        try:
            body = {"os-getConsoleOutput": {"length": lines}}
            return str(self._api.call("compute", "POST", f"/servers/{server}/action", json=body).body["output"])
        except CloudApiError as error:
            return f"(no console: {error})"

    def _half_made_image(self) -> dict[str, Any] | None:
        found = pages(self._api, "image", "/images", "images", {"name": self.name})
        return next((image for image in found if not image.get("tags")), None)

    def _status(self, server: str) -> str:
        found = self.look(server)
        if found.status == "ERROR":
            raise BuildError(f"Nova put the server into ERROR: {found.fault or 'no reason given'}", where=self.name)
        return found.status


def user_data(host_key: str, host_key_public: str, login_key: str) -> str:
    """cloud-init's configuration of a build server: its host keys and login user."""
    config = {
        "ssh_keys": {"ed25519_private": host_key, "ed25519_public": host_key_public},
        "ssh_authorized_keys": [login_key],
    }
    return "#cloud-config\n" + json.dumps(config, indent=1) + "\n"

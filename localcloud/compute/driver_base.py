"""Shared by all parts of the Nova driver: the host, and servers that are looked up or prepared there."""

import functools
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import nova.conf
from nova import exception
from nova.virt import driver

from localcloud.compute import cgroups, images
from localcloud.compute import instance as facts_of
from localcloud.compute.boot_slots import BootSlots, slots_for
from localcloud.compute.image_cache import ImageCache
from localcloud.compute.node import HostedServer
from localcloud.compute.server_facts import HostedServerFacts
from localcloud.faults.store import take_server_fault
from localcloud.host import options
from localcloud.host.command import HostError

P = ParamSpec("P")
R = TypeVar("R")


def reported(call: Callable[P, R]) -> Callable[P, R]:
    """Convert host errors to Nova's exceptions: Nova shows only the text of those."""

    @functools.wraps(call)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return call(*arguments, **options)
        except HostError as error:
            raise exception.NovaException(str(error)) from error

    return wrapped


class DriverBase(driver.ComputeDriver):
    """The driver's state: paths, unpacked images, boot slots."""

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        super().__init__(virtapi)
        self._places = options.places(nova.conf.CONF)
        self._options = nova.conf.CONF.localcloud
        self._layout = cgroups.host_layout()
        self._cache = ImageCache(self._places.images)
        count = slots_for(os.cpu_count() or 1, self._options.concurrent_boots)
        self._slots = BootSlots(count, self._options.boot_slot_seconds)
        self._metadata_url = f"http://{self._options.metadata_address}"

    def _load(self, instance: Any) -> HostedServerFacts | None:
        return HostedServerFacts.load(self._places.servers / instance.uuid)

    def _node(self, facts: HostedServerFacts) -> HostedServer:
        return HostedServer(facts, self._places, self._layout)

    def _existing(self, instance: Any) -> HostedServer:
        facts = self._load(instance)
        if facts is None:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        return self._node(facts)

    def _prepared(self, context: Any, instance: Any, network_info: Any, block_device_info: Any) -> HostedServer:
        """A server as Nova describes it now, ready to start; works even if all its data were lost."""
        before = self._load(instance)
        now = facts_of.server_facts(instance, network_info, block_device_info, before)
        node = self._node(now)
        if node.to_be_renewed or facts_of.renewed(before, now):
            # A rebuild, possibly an interrupted one: start what Nova shows.
            node.stop()
            node.renew()
        node.save(now)
        if now.image:
            images.unpack(context, now.image, self._cache)
        return node

    def _start(self, node: HostedServer, instance: Any) -> None:
        """Start a server as soon as a boot slot is free."""
        if node.running:
            return
        broken = take_server_fault("never-boots", instance.uuid, instance.display_name)
        self._slots.acquire()
        try:
            listener = self._slots.listen(node.notify_socket)
            node.start(self._metadata_url, broken=broken)
        except BaseException:
            self._slots.release()
            raise
        self._slots.release_when_booted(listener)

"""Nova in one process: API, conductor, scheduler, compute and metadata, so that messages need no broker (``fake://``)."""

import importlib
import os
import sys
import threading
from typing import Any

from localcloud.endpoints import CINDER, GLANCE, KEYSTONE, METADATA_ADDRESS, NEUTRON, PLACEMENT

#: The compute driver's module name: Nova loads drivers only from its own package.
DRIVER_MODULE = "nova.virt.localcloud"

#: The module of the driver for each kind of servers.
_DRIVERS = {"container": "localcloud.compute.driver", "vm": "localcloud.virtual.driver"}


def application() -> Any:
    """Nova's API; importing it also parses nova.conf and sets up the message transport."""
    from nova import monkey_patch

    monkey_patch.patch(backend="threading")
    import nova.virt

    driver = importlib.import_module(_DRIVERS[os.environ["LOCALCLOUD_SERVERS"]])
    sys.modules[DRIVER_MODULE] = driver
    nova.virt.localcloud = driver
    from nova.wsgi.osapi_compute import application as api

    return api


def start_workers() -> None:
    """Start conductor, scheduler and compute as soon as the services they need respond."""
    import nova.conf
    import os_brick
    import os_vif
    from nova import context, objects, service
    from nova.compute import rpcapi as compute
    from nova.conductor import rpcapi as conductor
    from nova.objects import host_mapping
    from nova.scheduler import rpcapi as scheduler
    from oslo_service import opts

    from localcloud.services.waiting import wait_until_answering

    opts.register_service_opts(nova.conf.CONF)
    os_brick.setup(nova.conf.CONF)
    os_vif.initialize()
    objects.Service.enable_min_version_cache()
    wait_until_answering(KEYSTONE, PLACEMENT, GLANCE, NEUTRON, CINDER)
    for binary, topic, second in (
        ("nova-conductor", conductor.RPC_TOPIC, None),
        ("nova-scheduler", scheduler.RPC_TOPIC, None),
        ("nova-compute", compute.RPC_TOPIC, compute.RPC_TOPIC_ALT),
    ):
        service.Service.create(binary=binary, topic=topic, topic_alt=second).start()
    host_mapping.discover_hosts(context.get_admin_context(), by_service=True)
    _serve_metadata()


def _serve_metadata() -> None:
    from localcloud.compute.metadata import application as metadata
    from localcloud.services.gateway import server

    http = server(metadata(), "metadata", METADATA_ADDRESS, 80, threads=8)
    http.prepare()
    threading.Thread(target=http.serve, name="metadata", daemon=True).start()

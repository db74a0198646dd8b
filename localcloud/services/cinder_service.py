"""Cinder in one process: API, scheduler and volume service, so that messages need no broker (``fake://``)."""

import os
import sys
import threading
from typing import Any

#: The name of the only backend in cinder.conf.
BACKEND = "file"


def application() -> Any:
    """Cinder's API; importing it also parses cinder.conf."""
    from cinder import monkey_patch

    monkey_patch.patch(backend="threading")
    # The other services use an environment variable for this.
    sys.argv[1:] = ["--config-file", os.environ["LOCALCLOUD_CINDER_CONFIG"]]
    from cinder import policy
    from cinder.wsgi.api import application as api

    # Before the first request, as in neutron_service.py.
    policy.init()
    return api


def start_workers() -> None:
    """Start the scheduler and the volume backend."""
    import os_brick
    from cinder import service
    from cinder.common import constants
    from oslo_config import cfg

    reporting = threading.Lock()

    class VolumeWorker(service.Service):
        """A service that shares its process: the database row of its state is kept in a class attribute."""

        def report_state(self) -> None:
            with reporting:
                service.Service.service_id = self.origin_service_id
                super().report_state()

    os_brick.setup(cfg.CONF)
    VolumeWorker.create(binary=constants.SCHEDULER_BINARY).start()
    VolumeWorker.create(
        host=f"{cfg.CONF.host}@{BACKEND}",
        service_name=BACKEND,
        binary=constants.VOLUME_BINARY,
        coordination=True,
    ).start()

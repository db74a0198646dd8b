"""Manila in one process: API, scheduler and share service, so that messages need no broker (``fake://``)."""

import os
import sys
from typing import Any

#: The name of the only backend in manila.conf.
BACKEND = "folder"


def application() -> Any:
    """Manila's API; importing it also parses manila.conf."""
    from manila import monkey_patch

    monkey_patch.patch(backend="threading")
    # The other services use an environment variable for this.
    sys.argv[1:] = ["--config-file", os.environ["LOCALCLOUD_MANILA_CONFIG"]]
    from manila import policy
    from manila.wsgi.api import application as api

    # Before the first request, as in neutron_service.py.
    policy.init()
    return api


def start_workers() -> None:
    """Start the scheduler, and then the backend, which reports to it at its start."""
    from manila import service
    from oslo_config import cfg

    service.Service.create(binary="manila-scheduler").start()
    service.Service.create(
        host=f"{cfg.CONF.host}@{BACKEND}", service_name=BACKEND, binary="manila-share", coordination=True
    ).start()

"""Run one service of the cloud: ``python -m localcloud.services.serve SERVICE``.

Loads the service's WSGI application, listens, starts its workers, if any, and then creates the file named by
``LOCALCLOUD_READY``. Any error before that ends the process with a traceback in its log: a half-started service is
worse than none.
"""

import faulthandler
import importlib
import os
import sys
import threading
import traceback
from pathlib import Path

from localcloud.endpoints import ADDRESS, ENDPOINTS, MANILA


def main(name: str) -> None:
    """Serve until the process is stopped."""
    endpoint = next(endpoint for endpoint in (*ENDPOINTS, MANILA) if endpoint.name == name)
    # The services parse sys.argv: hide our arguments from them.
    sys.argv[1:] = []
    module = importlib.import_module(f"localcloud.services.{name}_service")
    application = module.application()

    from localcloud.services.gateway import server  # after nova's monkey patching

    http = server(application, name, ADDRESS, endpoint.port, endpoint.threads)
    http.prepare()
    listener = threading.Thread(target=http.serve, name="http")
    listener.start()
    module.start_workers()
    Path(os.environ["LOCALCLOUD_READY"]).touch()
    listener.join()
    raise SystemExit(f"{name}: the HTTP server exited")


if __name__ == "__main__":
    # What ends a process from inside a library in C leaves no other trace.
    faulthandler.enable()
    try:
        main(sys.argv[1])
    except BaseException:  # noqa: BLE001 - whatever it is ends the process, which threads would otherwise keep alive
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(1)

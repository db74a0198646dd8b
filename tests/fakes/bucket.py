"""A real S3 server (moto) in a process of its own: ``python -m tests.fakes.bucket`` prints its address and serves.

Ends when its standard input ends.
"""

import http
import http.client
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from toolchain.paths import REPOSITORY

#: Credentials that the server accepts.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "operator",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_NAME = "states"


@contextmanager
def bucket(prefix: str = "") -> Iterator[str]:
    """Serve a bucket; yields its URL for Pulumi's backend."""
    command = [sys.executable, "-m", "tests.fakes.bucket"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("PUT", f"/{_NAME}", b"")
        assert connection.getresponse().status == http.HTTPStatus.OK
        connection.close()
        try:
            yield f"s3://{_NAME}{prefix}?region=us-east-1&endpoint=http://{address}&s3ForcePathStyle=true"
        finally:
            server.stdin.close()


def main() -> None:
    """Serve."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()

"""Reads this node's folder on the control node over NFS, with a client that needs no kernel support and no mount."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass

from node.compute_init import limited

#: The default mount point of the control node's state volume; the metadata key ``state_dir`` overrides it.
STATE_DIR = "/var/lib/state"


def nodes_folder(state_dir: str) -> str:
    """The control node's folder of all nodes' folders; each is exported only to its node's address."""
    return f"{state_dir}/compute-init/nodes"


#: The file of a node's folder that changes whenever bundle.signed does: the digest of that file, and a line end.
FOLLOWED = "follow"
#: The control node's folder of acknowledgements: each node has a folder in it with one file, which only it can write.
ACKNOWLEDGEMENTS = "/var/lib/slurm-appliance/acknowledgements"
#: The name of that file.
ACKNOWLEDGEMENT = "said"


#: The lowest speed of a transfer, in bytes a second.
_SLOWEST = 100_000

#: What libnfs prints when the server answered that there is no such file or export. Seen with libnfs 4.0 against
#: nfs-ganesha 4.3 and the kernel's server: a folder that is exported to another address looks just the same.
_ABSENT = ("NFS4ERR_NOENT", "MNT3ERR_NOENT", "NFS3ERR_NOENT", "NFS4ERR_ACCESS", "MNT3ERR_ACCES", "ENOENT")


#: What libnfs prints when a file was replaced while the server still had the former one in its cache. nfs-ganesha
#: answers so once, and finds the new file for the next request. Seen with nfs-ganesha 6.5.
_STALE = ("NFS4ERR_STALE", "NFS3ERR_STALE", "ESTALE")
#: Requests for a file that is stale, and the pause between them in seconds.
_REQUESTS, _PAUSE = 5, 0.2


class ShareError(Exception):
    """Raised when a file cannot be read; has the client's message."""


class TooLargeError(ShareError):
    """Raised when a file exceeds its maximum size."""


class AbsentError(ShareError):
    """Raised when the server responds, but has no such file for this node."""


@dataclass(frozen=True)
class Share:
    """One node's folder on one server.

    Attributes:
        server: address of the control node.
        node: this node's name.
        folder: see `nodes_folder`.
        program: libnfs's nfs-cat.
        timeout: timeout for a small file, in seconds; a large one has more time.
        port: port of the NFS server, only used to explain a failed connection.
    """

    server: str
    node: str
    folder: str = nodes_folder(STATE_DIR)
    program: str = "nfs-cat"
    timeout: float = 20.0
    port: int = 2049

    def url(self, name: str) -> str:
        """The URL of a file in the folder."""
        host = f"[{self.server}]" if ":" in self.server else self.server
        return f"nfs://{host}{self.folder}/{self.node}/{name}?version=4"

    def read(self, name: str, most: int) -> bytes:
        """The content of a file with a maximum size in bytes.

        Raises:
            AbsentError: the server responds, but has no such file for this node.
            TooLargeError: the file is larger.
            ShareError: the server does not respond, or denies access.
        """
        for left in reversed(range(_REQUESTS)):
            status, content, said = self._request(name, most)
            if status == 0:
                return content
            if not left or not any(word in said for word in _STALE):
                break
            time.sleep(_PAUSE)
        if any(word in said for word in _ABSENT):
            raise AbsentError(said)
        raise ShareError(self._refusal() or said)

    def _request(self, name: str, most: int) -> tuple[int, bytes, str]:
        """Exit status, output and message of one call of the client."""
        timeout = self.timeout + most / _SLOWEST
        try:
            status, content, complaint = limited.output([self.program, self.url(name)], most, timeout)
        except limited.TooMuchError as error:
            raise TooLargeError(f"{name} is larger than {most} bytes, so it is not from the stack") from error
        except subprocess.TimeoutExpired as error:
            raise ShareError(f"{self.server} did not respond within {timeout:.0f} s") from error
        except OSError as error:
            raise ShareError(f"{self.program}: {error.strerror}") from error
        return status, content, " ".join(complaint.split()) or f"exit status {status}"

    def _refusal(self) -> str:
        """Why the connection failed; the client's message does not have the reason."""
        try:
            socket.create_connection((self.server, self.port), timeout=5).close()
        except ConnectionRefusedError:
            return f"no file service on {self.server}: site.yml has not run there yet, or the service is stopped"
        except OSError as error:
            return f"{self.server}: {error.strerror or error}"
        return ""

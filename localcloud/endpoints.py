"""The cloud's services and their endpoints. Used by the command line and inside the services.

All services listen on one address on the loopback interface, which is also in the catalog: the machine itself and all
servers reach the same URLs, and nothing outside the machine does.
"""

from dataclasses import dataclass

#: The cloud's address, added to ``lo`` with a /32.
ADDRESS = "10.255.255.1"

#: The address of Nova's metadata service, as on every OpenStack.
METADATA_ADDRESS = "169.254.169.254"

REGION = "RegionOne"


@dataclass(frozen=True)
class Endpoint:
    """One API of the cloud.

    Attributes:
        name: the project's name, which is also the name of its process, user and log.
        kind: the service type in the catalog.
        port: TCP port on `ADDRESS`.
        path: what clients append to the root URL, as the catalog shows it.
        threads: requests served in parallel.
    """

    name: str
    kind: str
    port: int
    path: str = ""
    threads: int = 8

    @property
    def root(self) -> str:
        """The URL of the service's root, no slash at the end."""
        return f"http://{ADDRESS}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in the catalog."""
        return self.root + self.path


KEYSTONE = Endpoint("keystone", "identity", 15000, "/v3")
GLANCE = Endpoint("glance", "image", 15001)
PLACEMENT = Endpoint("placement", "placement", 15002)
NOVA = Endpoint("nova", "compute", 15003, "/v2.1", threads=16)
NEUTRON = Endpoint("neutron", "network", 15004, threads=16)
CINDER = Endpoint("cinder", "block-storage", 15005, "/v3")

ENDPOINTS = (KEYSTONE, GLANCE, PLACEMENT, NOVA, NEUTRON, CINDER)

#: On clouds that were asked for it.
MANILA = Endpoint("manila", "shared-file-system", 15006, "/v2")

#: The caching package proxy.
MIRROR_PORT = 15010
MIRROR_URL = f"http://{ADDRESS}:{MIRROR_PORT}"

#: The default port of `slurm-appliance mirror up`: servers may reach it.
SNAPSHOTS_PORT = 24816

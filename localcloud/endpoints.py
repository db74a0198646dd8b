"""Which services the cloud consists of and where they listen. Used by the command line and inside the services.

Everything listens on one address of its own on the loopback interface. The same address is in the catalog: the machine
itself and every server reach the same URLs, and nothing outside of the machine does.
"""

from dataclasses import dataclass

#: The cloud's address, put on ``lo`` with a /32.
ADDRESS = "10.255.255.1"

#: Where servers find Nova's metadata service, as on every OpenStack.
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
        threads: requests served at the same time.
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

#: The caching package proxy.
MIRROR_PORT = 15010
MIRROR_URL = f"http://{ADDRESS}:{MIRROR_PORT}"

#: Where `slurm-appliance mirror up` serves a site's snapshots unless told otherwise: servers may reach it there.
SNAPSHOTS_PORT = 24816

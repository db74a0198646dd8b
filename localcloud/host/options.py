"""The ``[localcloud]`` section of nova.conf, neutron.conf and cinder.conf; the same values belong in all three.

| option | default | meaning |
|---|---|---|
| ``state_path`` | ``/var/lib/localcloud`` | folder of servers, images, network and volumes (see ``places``) |
| ``api_address`` | ``10.255.255.1`` | the address on ``lo`` that the services listen on; nodes may reach it |
| ``api_ports`` | empty | TCP ports of it that nodes may reach; empty: all |
| ``metadata_address`` | ``169.254.169.254`` | the metadata service's address on ``lo``; nodes may reach port 80 |
| ``concurrent_boots`` | 0 | servers that may be booting at the same time; 0: twice the processors, at least 4 |
| ``boot_slot_seconds`` | 30 | maximum time that an unfinished boot delays others |
| ``servers`` | ``container`` | what servers are: ``container`` or ``vm`` |
| ``vcpus``, ``memory_mb``, ``disk_gb`` | 256, 262144, 4096 | the host's resources, as reported to the scheduler |
"""

from pathlib import Path

from oslo_config import cfg

from localcloud.host.places import CloudPlaces

GROUP = "localcloud"

OPTIONS = [
    cfg.StrOpt("state_path", default="/var/lib/localcloud", help="Folder for servers, images, networks and volumes."),
    cfg.StrOpt("api_address", default="10.255.255.1", help="Address that the services listen on."),
    cfg.ListOpt(
        "api_ports", default=[], item_type=cfg.types.Integer(), help="TCP ports on that address that nodes may reach."
    ),
    cfg.StrOpt("metadata_address", default="169.254.169.254", help="Address of the metadata service."),
    cfg.IntOpt(
        "concurrent_boots",
        default=0,
        min=0,
        help="Servers that boot in parallel; 0: twice the number of processors, at least 4.",
    ),
    cfg.FloatOpt("boot_slot_seconds", default=30.0, help="Maximum time that one boot delays others."),
    cfg.StrOpt("servers", default="container", help="What servers are: container or vm."),
    cfg.IntOpt("vcpus", default=256, help="Virtual processors of the host."),
    cfg.IntOpt("memory_mb", default=262144, help="Memory of the host, in MiB."),
    cfg.IntOpt("disk_gb", default=4096, help="Disk of the host, in GiB."),
]


def register(configuration: cfg.ConfigOpts) -> None:
    """Register the section in a service's configuration; idempotent."""
    configuration.register_opts(OPTIONS, group=GROUP)


def places(configuration: cfg.ConfigOpts) -> CloudPlaces:
    """The folders set in a service's configuration."""
    register(configuration)
    return CloudPlaces(Path(configuration.localcloud.state_path))

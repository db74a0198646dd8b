"""Compute that boots: an OpenStack Nova driver whose servers are systemd-nspawn containers.

What needs Nova (``driver``, ``images``, ``metadata``, ``options``, ``resources``) runs inside the compute service's
virtual environment. Everything else is standard library only, because ``cloud down`` and ``cloud reset`` must be able
to clear a host when no service can start any more.
"""

#: Debian packages that the drivers of compute, network and volumes call programs of.
APT_PACKAGES = (
    "dnsmasq-base",  # dnsmasq: fixed leases for the nodes
    "e2fsprogs",  # mkfs.ext4: a volume that a server boots from
    "iproute2",  # ip: bridges, veth pairs, network namespaces
    "mount",  # mount, umount, losetup
    "nftables",  # nft: anti-spoofing and security groups
    "systemd-container",  # systemd-nspawn
    "tar",
    "util-linux",  # nsenter, unshare (time namespace)
    "zstd",
)

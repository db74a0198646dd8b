"""Compute: an OpenStack Nova driver whose servers are systemd-nspawn containers that boot.

The modules that need Nova (``driver``, ``images``, ``metadata``, ``options``, ``resources``) run inside the compute
service's virtual environment. Everything else uses the standard library only, because ``cloud down`` and ``cloud
reset`` must be able to clean a host on which no service starts any more.
"""

#: Debian packages with the programs that the compute, network and volume drivers call.
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

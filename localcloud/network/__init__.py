"""The network of the local cloud: Linux bridges, veth pairs, dnsmasq and nftables, controlled by Neutron.

Only ``mechanism`` needs Neutron; the rest is standard library, used by the compute driver and by ``cloud down``.
"""

"""Virtual machines: Nova's own libvirt driver with QEMU, on this cloud's bridges and volumes.

``driver``, ``ports`` and ``volumes`` need Nova. Everything else uses the standard library only, because ``cloud down``
must be able to clean a host on which no service starts any more.
"""

"""Disks of virtual machines: a partition table, boot loaders for BIOS and UEFI, a kernel, a root file system.

Made without a loop device and without a mount: `partitions` and `boot_loader` say what is where, `make` writes it.
"""

"""The recipe of a base image for virtual machines: the containers' image with what a machine of its own needs."""

import inspect
from dataclasses import dataclass

from localcloud.image.disk import boot_loader, partitions
from localcloud.image.recipe import ImageRecipe

#: What a machine needs and a container does not.
PACKAGES = ("grub-efi-amd64-bin", "grub-pc-bin", "grub2-common", "initramfs-tools", "linux-image-cloud-amd64", "zstd")

#: Modules that a QEMU machine boots by. With no others, the initial root file system is unpacked in a second.
_MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "virtio_scsi", "sd_mod", "ext4", "vfat", "nls_ascii", "nls_cp437")

#: Files that the kernel's installation reads, so that they are there before it.
EARLY_FILES = {
    "/etc/initramfs-tools/conf.d/virtual-machine": "MODULES=list\nCOMPRESS=zstd\n",
    "/etc/initramfs-tools/modules": "\n".join(_MODULES) + "\n",
}

FILES = {
    **EARLY_FILES,
    "/etc/default/grub": boot_loader.DEFAULTS,
    "/etc/fstab": f"LABEL={partitions.ROOT_LABEL} / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1\n",
}


@dataclass(frozen=True)
class DiskRecipe(ImageRecipe):
    """How to create a disk."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Those of a container, a kernel, and boot loaders."""
        return (*super().packages, *PACKAGES)

    @property
    def masked(self) -> tuple[str, ...]:
        """Those of a container, and what takes seconds of an emulated machine's boot."""
        return (*super().masked, *self.content.disk_masked)

    @property
    def hooks(self) -> tuple[str, ...]:
        """Those of a container, and those of a disk only."""
        return (*super().hooks, *self.content.disk_hooks)

    @property
    def files(self) -> dict[str, str]:
        """Those of a container, with a config drive as another source of metadata, and those of a boot."""
        sources = "datasource_list: [OpenStack, None]"
        merged = {**super().files, **FILES}
        merged["/etc/fstab"] += self.content.disk_mounts
        cloud = "/etc/cloud/cloud.cfg.d/90-openstack.cfg"
        return {**merged, cloud: merged[cloud].replace(sources, "datasource_list: [ConfigDrive, OpenStack, None]")}

    @property
    def form(self) -> tuple[str, ...]:
        """The disk's layout and its boot loaders."""
        return (inspect.getsource(partitions), inspect.getsource(boot_loader))

    def command(self, mmdebstrap: str, tree: str, target: str) -> list[str]:
        """The command line that makes the root, as a folder."""
        made = super().command(mmdebstrap, tree, target)
        made[made.index("--format=tar")] = "--format=directory"
        early = [
            hook
            for name in EARLY_FILES
            for hook in (f'mkdir -p "$(dirname "$1{name}")"', f'cp --no-preserve=ownership {tree}{name} "$1{name}"')
        ]
        # An installation that asks keeps the files above.
        return [made[0], "--dpkgopt=force-confold", *(f"--essential-hook={hook}" for hook in early), *made[1:]]

"""Converts the configuration of an image build to the build's input. Pure: does not query the cloud."""

from pathlib import Path

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.certificates import certificates
from slurm_appliance.config.image_build import ImageBuildConfig as Settings
from slurm_appliance.config.image_build import PackageRepositoryConfig
from slurm_appliance.config.image_build import PackageSourcesConfig as SourceSettings
from slurm_appliance.config.system import ProxyConfig
from slurm_appliance.errors import ApplianceError, UsageError
from slurm_appliance.image.package_keys import key_file
from slurm_appliance.image.spec import ImageBuild, Machine, PackageRepository, PackageSources, Ssh
from slurm_appliance.site_layer.layers import ImageLayer
from slurm_appliance.site_repository.current import BASE

#: Environment variable: a proxy for package downloads if the configuration has none. The local cloud sets it.
PROXY = "SLURM_APPLIANCE_PACKAGE_PROXY"
#: Environment variable: build even if the image exists.
FORCE = "SLURM_APPLIANCE_IMAGE_FORCE"


def build_settings(config: ClusterConfig, name: str) -> Settings:
    """The settings of one build.

    Raises:
        UsageError: the build does not exist.
    """
    try:
        return config.image_builds[name]
    except KeyError:
        known = ", ".join(config.image_builds) or "none"
        raise UsageError(f"unknown image build {name}", remedy=f"the builds of this stack: {known}") from None


def from_settings(
    config: ClusterConfig,
    name: str,
    base: str,
    *,
    network: str = "",
    proxy: str = "",
    layer: ImageLayer | None = None,
) -> ImageBuild:
    """The input of one build of a configuration.

    Args:
        config: the cluster's configuration.
        name: name of the build.
        base: ID or name of the base image; for our images, the name.
        network: ID of the build server's network if the stack creates it; otherwise the configuration's.
        proxy: proxy for package downloads if the configuration has none.
        layer: what the build uses of the site's own layer.

    Raises:
        UsageError: there is no such build, or nothing uses a group of the site's own.
    """
    settings = build_settings(config, name)
    if settings.site_groups and layer is None:
        raise UsageError(
            f"nothing uses the group {settings.site_groups[0]}: the site's own layer has no hook for image builds",
            where=f"image_builds.{name}.site_groups",
            remedy="write hooks/image/post.yml (docs/site-layer.md), or remove the group",
        )
    ssh = settings.ssh or config.ssh
    return ImageBuild(
        base=base,
        groups=tuple(group.value for group in settings.groups),
        machine=Machine(
            flavor=settings.flavor,
            network=settings.network or network or config.cluster_networks[0].network,
            security_groups=settings.security_groups,
            floating_ip_network=settings.floating_ip_network or "",
            availability_zone=settings.availability_zone or "",
            volume_size=settings.root_volume_size if settings.volume_backed_instances else 0,
            volume_type=settings.root_volume_type or "",
            ssh=Ssh(
                user=ssh.user,
                port=ssh.port,
                bastion_host=ssh.bastion_host or "",
                bastion_user=ssh.bastion_user or "",
                bastion_key_file=str(_path(ssh.bastion_private_key_file)) if ssh.bastion_private_key_file else "",
            ),
        ),
        site_groups=settings.site_groups,
        extra_packages=settings.extra_packages,
        sources=_sources(settings.package_sources, config.proxy or proxy),
        cacerts=certificates(config),
        prefix=settings.image_name_prefix,
        visibility=settings.visibility.value,
        disk_format=settings.disk_format.value,
        properties=dict(settings.properties),
        selinux=settings.selinux.value,
        package_family=settings.package_family.value,
        layer=layer,
        ssh_timeout=settings.ssh_timeout,
        build_timeout=settings.build_timeout,
        keep_on_failure=settings.keep_on_failure,
    )


def _sources(settings: SourceSettings, proxy: ProxyConfig | str) -> PackageSources:
    password = settings.password
    addresses = {"http": proxy, "https": proxy} if isinstance(proxy, str) else proxy.used_by_root
    return PackageSources(
        repositories=tuple(_repository(name, each, settings) for name, each in settings.repositories.items()),
        snapshot=settings.snapshot or "",
        proxy=addresses["http"],
        https_proxy=addresses["https"],
        no_proxy=() if isinstance(proxy, str) else proxy.no_proxy,
        username=settings.username or "",
        sync=settings.sync,
        password=password.reveal() if password is not None and not password.encrypted else "",
    )


def _repository(name: str, settings: PackageRepositoryConfig, sources: SourceSettings) -> PackageRepository:
    url = settings.url.replace("${mirror}", (sources.mirror or "").rstrip("/"))
    key = ""
    if settings.gpg_key:
        try:
            key = key_file(settings.gpg_key, BASE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ApplianceError(
                f"the key {settings.gpg_key} cannot be read: {error}",
                where=f"package_sources.repositories.{name}.gpg_key",
                remedy="set the path of an ASCII-armoured public key, or the name of one in docs/distributions.md",
            ) from error
    return PackageRepository(
        name=name,
        url=url.replace("${snapshot}", sources.snapshot or ""),
        suite=settings.suite or "",
        components=tuple(settings.components),
        key=key,
    )


def _path(text: str) -> Path:
    """Resolve a path in the configuration: absolute, from the home folder, or from the folder above the stack files."""
    return BASE / Path(text).expanduser()

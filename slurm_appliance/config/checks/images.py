"""Images: each node has exactly one, and builds refer to builds that exist."""

from collections.abc import Iterator, Mapping

from slurm_appliance.config.checks.groups import for_each_group
from slurm_appliance.config.checks.names import RESERVED
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.image_build import ImageBuildConfig, PackageFamily
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.config.template import placeholders
from slurm_appliance.errors import Problem

#: Names that groups of a build have, and those that mean something to Ansible.
_GROUPS = RESERVED | {"dev", "extra_packages"}
_URL_VARIABLES = ("mirror", "snapshot")


def one_cluster_image(config: ClusterConfig) -> Iterator[Problem]:
    """The cluster has an image, and one only."""
    if config.cluster_image is None and config.cluster_image_id is None:
        remedy = "set cluster_image to an id, a name, or {build: NAME} for a build of image_builds"
        yield Problem("cluster_image", "required, but not set", remedy)
    if config.cluster_image is not None and config.cluster_image_id is not None:
        yield Problem("cluster_image_id", "cluster_image is set as well", "keep one of the two")


def one_group_image(_config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group has one image of its own at most."""
    if group.image is not None and group.image_id is not None:
        yield Problem(f"{path}.image_id", "image is set as well", "keep one of the two")


def cluster_build(config: ClusterConfig) -> Iterator[Problem]:
    """The cluster's image comes from a build that exists."""
    yield from _build_exists("cluster_image", config.cluster_image, config.image_builds)


def group_build(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group's image comes from a build that exists."""
    yield from _build_exists(f"{path}.image", group.image, config.image_builds)


def _build_exists(
    path: str, image: ImageSource | None, builds: Mapping[str, ImageBuildConfig], itself: str = ""
) -> Iterator[Problem]:
    if image is not None and image.build is not None and image.build not in builds:
        others = [name for name in builds if name != itself]
        remedy = did_you_mean(image.build, others) if others else "add it to image_builds"
        yield Problem(f"{path}.build", f"there is no build {image.build} in image_builds", remedy)


def builds_start_somewhere(config: ClusterConfig) -> Iterator[Problem]:
    """Each build starts from an image that exists, or from another build, and never, in the end, from itself."""
    bases = {}
    for name, build in config.image_builds.items():
        try:
            yield from _build_exists(f"image_builds.{name}.base_image", build.base_image, config.image_builds, name)
            bases[name] = build.base_image.build
        except NotParsed:
            continue
    for name in bases:
        seen, base = [name], bases[name]
        while base is not None and base in bases and base not in seen:
            seen.append(base)
            base = bases[base]
        if base == name:
            chain = " → ".join([*seen, name])
            yield Problem(f"image_builds.{name}.base_image", f"starts from itself: {chain}", "start from another image")


def site_groups(config: ClusterConfig) -> Iterator[Problem]:
    """A site's own groups have names that no group of ours has: its hooks would run for what it does not mean."""
    for name, build in config.image_builds.items():
        try:
            groups = build.site_groups
        except NotParsed:
            continue
        for number, group in enumerate(groups):
            path = f"image_builds.{name}.site_groups[{number}]"
            if group in _GROUPS:
                yield Problem(
                    path, f"the name {group} is reserved", f"choose another than {', '.join(sorted(_GROUPS))}"
                )
            if group in groups[:number]:
                yield Problem(path, f"{group} is there twice", "keep one of them")


def package_sources(config: ClusterConfig) -> Iterator[Problem]:
    """URLs of repositories refer to what is set."""
    for name, build in config.image_builds.items():
        path = f"image_builds.{name}.package_sources"
        try:
            sources = build.package_sources
            if (sources.username is None) != (sources.password is None):
                yield Problem(path, "username and password are not both set", "set both or none")
            if sources.sync and sources.snapshot is None:
                yield Problem(f"{path}.sync", "there is no snapshot to publish", f"name one in {path}.snapshot")
            set_ones = {key for key in _URL_VARIABLES if getattr(sources, key) is not None}
            for repository, settings in sources.repositories.items():
                if settings.suite is None and settings.gpg_key is None:
                    yield Problem(
                        f"{path}.repositories.{repository}",
                        "it has no suite, so it is one of dnf, and dnf needs the key that signs it",
                        f"set {path}.repositories.{repository}.gpg_key, or suite for apt",
                    )
                for missing in sorted(placeholders(settings.url) - set_ones):
                    yield Problem(
                        f"{path}.repositories.{repository}.url",
                        f"${{{missing}}} stands for nothing",
                        f"set {path}.{missing}" if missing in _URL_VARIABLES else did_you_mean(missing, _URL_VARIABLES),
                    )
        except NotParsed:
            continue


def package_families(config: ClusterConfig) -> Iterator[Problem]:
    """OpenHPC's packages come from somewhere, and an image has Slurm of one family."""
    families = {}
    for name, build in config.image_builds.items():
        path = f"image_builds.{name}"
        try:
            families[name] = build.package_family
            repositories = build.package_sources.repositories.values()
            if build.package_family is PackageFamily.OPENHPC and all(each.suite is not None for each in repositories):
                yield Problem(
                    f"{path}.package_family",
                    "no repository of dnf is set, and neither the distribution nor EPEL has OpenHPC's packages",
                    f"add OpenHPC's repository, and the others of the build, to {path}.package_sources.repositories",
                )
        except NotParsed:
            continue
    for name, family in families.items():
        try:
            base = config.image_builds[name].base_image.build
        except NotParsed:
            continue
        if base in families and families[base] is not family:
            yield Problem(
                f"image_builds.{name}.package_family",
                f"it starts from the build {base}, whose package_family is {families[base]}",
                f"set package_family: {families[base]}",
            )


CHECKS = (
    one_cluster_image,
    for_each_group(one_group_image),
    cluster_build,
    for_each_group(group_build),
    builds_start_somewhere,
    site_groups,
    package_sources,
    package_families,
)

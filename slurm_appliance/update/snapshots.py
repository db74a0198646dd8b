"""Which image builds get a newer package snapshot, and which images come of it. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_users import booted_builds, builds_below
from slurm_appliance.config.stack_edit import with_value
from slurm_appliance.errors import ConfigError, Problem, UsageError

#: The setting of the builds, as a stack file has it.
_BUILDS = "slurm-appliance:image_builds"


def snapshot_now(now: datetime) -> str:
    """The name of a snapshot that is made now."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")


def updated_builds(config: ClusterConfig) -> tuple[str, ...]:
    """The builds that take a newer snapshot: those that start from an image that is not built here, and all that name
    a snapshot of their own. Each comes after its base.

    Raises:
        UsageError: no node boots an image that is built from this configuration.
    """
    chain: dict[str, None] = {}
    for build in booted_builds(config):
        chain.update(dict.fromkeys(builds_below(config, build)))
    if not chain:
        raise UsageError(
            "no node boots an image that this stack builds",
            where="cluster_image",
            remedy="set cluster_image: {build: NAME}, or build elsewhere and set its name",
        )
    return tuple(
        name
        for name in chain
        if config.image_builds[name].base_image.build is None or config.image_builds[name].package_sources.snapshot
    )


def refuse_unknown_snapshot(config: ClusterConfig, builds: Iterable[str]) -> None:
    """Refuse to name a snapshot that a mirror elsewhere would not have.

    Raises:
        ConfigError: a build reads packages from a snapshot that only its mirror can make.
    """
    problems = [
        Problem(
            f"image_builds.{name}.package_sources.snapshot",
            "names a snapshot of a mirror that this command cannot make",
            "make one with `slurm-appliance mirror publish --sync` there, and add --snapshot NAME; or set sync",
        )
        for name in builds
        if not (sources := config.image_builds[name].package_sources).sync
        and any("${snapshot}" in repository.url for repository in sources.repositories.values())
    ]
    if problems:
        raise ConfigError(problems, "slurm-appliance update")


def with_snapshot(text: str, builds: Iterable[str], snapshot: str, source: str) -> str:
    """The stack file's text with another snapshot in these builds."""
    for name in builds:
        text = with_value(text, (_BUILDS, name, "package_sources", "snapshot"), snapshot, source)
    return text

"""Runs all checks of a configuration against the facts of a cloud."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slurm_appliance.cloud.facts import CloudFacts, ImageFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.engine.recorded import Recorded
from slurm_appliance.errors import ConfigError, Problem, StateError
from slurm_appliance.image.wanted import Wanted
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight import (
    accounts,
    certificates,
    compute,
    credentials,
    data,
    image_groups,
    network,
    ports,
    quota,
    servers,
    shares,
    slurm_options,
    slurm_release,
    storage,
    systems,
    unrecorded,
)
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.preflight.resolved import Resolved
from slurm_appliance.site_layer.layers import ImageLayer


@dataclass(frozen=True)
class Findings:
    """The results of the checks.

    Attributes:
        resolved: IDs of names, as far as known.
        problems: problems that would make a run fail.
        notes: notes for the operator that do not stop a run.
        state: where the state does not match the project.
    """

    resolved: Resolved
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    state: tuple[Problem, ...] = ()

    def ready(self, source: str) -> Resolved:
        """The resolved names.

        Raises:
            StateError: the state does not match the project; lists all problems.
            ConfigError: the configuration has problems; lists all of them.
        """
        if self.state:
            raise StateError(self.state, source, self.problems)
        if self.problems:
            raise ConfigError(self.problems, source)
        return self.resolved


def network_names(config: ClusterConfig) -> frozenset[str]:
    """The networks whose ports the checks need."""
    return frozenset(reference.network for _path, reference in network.references(config, groups(config)))


def _built(builds: Iterable[Wanted], facts: CloudFacts) -> dict[ImageSource, ImageFacts]:
    """The images of builds that exist already."""
    by_id = {image.id: image for image in facts.images}
    return {ImageSource(build=each.name): by_id[each.image_id] for each in builds if each.image_id}


def _targets(images: Mapping[ImageSource, ImageFacts], builds: Iterable[Wanted]) -> dict[ImageSource, str | None]:
    targets: dict[ImageSource, str | None] = {source: image.id for source, image in images.items()}
    return targets | {ImageSource(build=build.name): build.image_id for build in builds}


def examine(
    config: ClusterConfig,
    facts: CloudFacts,
    recorded: Recorded | None = None,
    *,
    proxy: str = "",
    layer: ImageLayer | None = None,
) -> Findings:
    """Check a configuration against the facts of a cloud.

    Args:
        config: the configuration.
        facts: the cloud.
        recorded: what the stack's state records; None where nothing is to be created.
        proxy: for package downloads during image builds.
        layer: what image builds use of the site's own layer.
    """
    finder, state = Finder(), Finder()
    every = tuple(groups(config))
    flavors = compute.flavors(every, facts, finder)
    images = compute.images(every, facts, finder)
    accounts.free(config, {image.id: image for image in images.values()}.values(), finder)
    builds = compute.builds(config, every, facts, finder, proxy, layer)
    systems.run(config, every, images, builds, facts, finder)
    image_groups.suit(every, images, facts, finder)
    compute.fits(every, flavors, images, finder)
    compute.placement(config, every, facts, finder)
    compute.key_pair(config, facts, finder)
    credentials.login(facts, finder)
    credentials.may_be_created(config, facts, finder)
    networks = network.networks(config, every, facts, finder)
    network.address_families(config, every, networks, finder)
    external = network.external_networks(config, facts, finder)
    security_groups = network.security_groups(config, every, facts, finder)
    network.fixed_addresses(every, networks, facts, finder)
    network.free_addresses(config, every, networks, facts, finder)
    network.floating_ips(every, networks, facts, finder)
    own = servers.ours(config, every, facts, finder)
    port_addresses = ports.existing(every, networks, own, facts, finder)
    existing = {**images, **_built(builds, facts)}
    slurm_release.fits(every, existing, own, facts, finder, config.slurm.auth_type)
    slurm_options.still_taken(config, every, existing, finder)
    servers.unreadable(own.values(), finder)
    servers.broken(every, own, finder)
    servers.user_data(own.values(), finder)
    storage.volume_types(config, every, facts, finder)
    volumes = storage.attached(config, every, facts, own, finder)
    data.sizes(config, every, facts, finder)
    quota.within(quota.needs(config, every, facts, flavors, own), facts, finder)
    if recorded is not None:
        unrecorded.check(config, every, facts, recorded, state)
    resolved = Resolved(
        flavors={name: flavor.id for name, flavor in flavors.items()},
        images=_targets(images, builds),
        builds=builds,
        networks=networks,
        external_networks=external,
        security_groups=security_groups,
        volumes=volumes,
        bare_metal=facts.bare_metal,
        servers=own,
        access=facts.access,
        certificates=certificates.of_site(config, finder),
        shares=shares.found(config, facts, finder),
        share_networks=shares.to_create(config, facts, finder),
        port_addresses=port_addresses,
    )
    notes = (*finder.notes, *state.notes)
    return Findings(resolved, tuple(finder.problems), notes, tuple(state.problems))

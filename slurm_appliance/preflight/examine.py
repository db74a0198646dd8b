"""All checks of a configuration against the facts of a cloud, in one go."""

from dataclasses import dataclass

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.groups import groups
from slurm_appliance.preflight import accounts, compute, credentials, network, quota, servers, storage
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.preflight.resolved import Resolved


@dataclass(frozen=True)
class Findings:
    """What the checks found.

    Attributes:
        resolved: what names stand for, as far as it is known.
        problems: what would go wrong.
        notes: what an operator should know, but which stops nothing.
    """

    resolved: Resolved
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]

    def ready(self, source: str) -> Resolved:
        """What names stand for.

        Raises:
            ConfigError: something would go wrong; with all of it.
        """
        if self.problems:
            raise ConfigError(self.problems, source)
        return self.resolved


def network_names(config: ClusterConfig) -> frozenset[str]:
    """The networks whose ports the checks look at."""
    return frozenset(reference.network for _path, reference in network.references(config, groups(config)))


def examine(config: ClusterConfig, facts: CloudFacts) -> Findings:
    """Check a configuration against the facts of a cloud."""
    finder = Finder()
    every = tuple(groups(config))
    flavors = compute.flavors(every, facts, finder)
    images = compute.images(every, facts, finder)
    accounts.free(config, {image.id: image for image in images.values()}.values(), finder)
    compute.fits(every, flavors, images, finder)
    compute.placement(config, every, facts, finder)
    compute.key_pair(config, facts, finder)
    credentials.may_be_created(config, facts, finder)
    networks = network.networks(config, every, facts, finder)
    network.address_families(config, every, networks, finder)
    external = network.external_networks(config, facts, finder)
    security_groups = network.security_groups(config, every, facts, finder)
    network.fixed_addresses(every, networks, facts, finder)
    network.floating_ips(every, facts, finder)
    own = servers.ours(config, every, facts, finder)
    servers.unreadable(own.values(), finder)
    storage.volume_types(config, every, facts, finder)
    volumes = storage.attached(config, every, facts, own, finder)
    storage.sizes(config, facts, finder)
    quota.within(quota.needs(config, every, facts, flavors, own), facts, finder)
    resolved = Resolved(
        flavors={name: flavor.id for name, flavor in flavors.items()},
        images={name: image.id for name, image in images.items()},
        networks=networks,
        external_networks=external,
        security_groups=security_groups,
        volumes=volumes,
        bare_metal=facts.bare_metal,
        servers=own,
        access=facts.access,
    )
    return Findings(resolved, tuple(finder.problems), tuple(finder.notes))

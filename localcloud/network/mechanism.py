"""Neutron's ML2 mechanism driver: binds every port to this host and keeps the ports' filters up to date.

Loaded by Neutron through the entry point ``localcloud`` of ``neutron.ml2.mechanism_drivers``; its options are those of
`localcloud.host.options`. The compute driver creates interfaces when it plugs a port, not this driver.
"""

from typing import Any

from neutron_lib import constants
from neutron_lib import context as neutron_context
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.exceptions import InvalidInput
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from localcloud.host import options
from localcloud.network import overlap
from localcloud.network.port_facts import GroupFacts, GroupRule, PortFacts
from localcloud.network.ruleset import PortFilter

LOG = log.getLogger(__name__)

#: Nova does not support Linux bridges any more; it does not handle ours, so any other type works.
VIF_TYPE = "ovs"


class BridgeMechanismDriver(api.MechanismDriver):
    """Binds any port on any host, with no agent, and writes each port's and security group's filter."""

    def initialize(self) -> None:
        """Called once by Neutron, before the database can be used."""
        self._filter = PortFilter(options.places(cfg.CONF))
        for event in (events.AFTER_CREATE, events.AFTER_DELETE):
            registry.subscribe(self._rule_changed, resources.SECURITY_GROUP_RULE, event)
        registry.subscribe(self._group_created, resources.SECURITY_GROUP, events.AFTER_CREATE)
        registry.subscribe(self._group_deleted, resources.SECURITY_GROUP, events.AFTER_DELETE)
        registry.subscribe(self._reconcile, resources.PROCESS, events.AFTER_INIT)

    @property
    def connectivity(self) -> str:
        """Ports are connected on layer 2."""
        return str(portbindings.CONNECTIVITY_L2)

    def bind_port(self, context: Any) -> None:
        """Bind a port to the only host; it is ready at once."""
        for segment in context.segments_to_bind:
            details = {"port_filter": True, "connectivity": self.connectivity}
            context.set_binding(segment[api.ID], VIF_TYPE, details, status=constants.PORT_STATUS_ACTIVE)
            return

    def create_subnet_precommit(self, context: Any) -> None:
        """Reject a subnet that overlaps with the machine's routes: no packet would reach its servers."""
        cidr = context.current["cidr"]
        taken = overlap.overlapping(cidr, overlap.routes())
        if taken:
            message = f"{cidr} overlaps with this machine's route to {taken}: choose another range or remove that route"
            raise InvalidInput(error_message=message)

    def create_port_postcommit(self, context: Any) -> None:
        """Write the filter of a new port."""
        self._set_port(context.current)

    def update_port_postcommit(self, context: Any) -> None:
        """Write the filter of a port that was changed or bound."""
        self._set_port(context.current)

    def delete_port_postcommit(self, context: Any) -> None:
        """Remove a port's filter."""
        self._filter.drop_port(context.current["id"])

    def _set_port(self, port: dict[str, Any]) -> None:
        if port["device_owner"].startswith(constants.DEVICE_OWNER_NETWORK_PREFIX):
            return  # A router's or DHCP server's port is never plugged here.
        facts = PortFacts.from_port(port)
        for group in facts.groups:
            if not self._filter.group_file(group).exists():
                self._load_group(group)
        self._filter.set_port(facts)

    def _load_group(self, group_id: str) -> None:
        admin = neutron_context.get_admin_context()
        rules = directory.get_plugin().get_security_group_rules(admin, filters={"security_group_id": [group_id]})
        self._filter.set_group(GroupFacts(group_id, tuple(map(GroupRule.from_rule, rules))))

    def _group_created(self, _resource: str, _event: str, _trigger: Any, payload: Any) -> None:
        self._load_group(payload.resource_id)

    def _group_deleted(self, _resource: str, _event: str, _trigger: Any, payload: Any) -> None:
        self._filter.drop_group(payload.resource_id)

    def _rule_changed(self, _resource: str, _event: str, _trigger: Any, payload: Any) -> None:
        if payload.latest_state:
            self._load_group(payload.latest_state["security_group_id"])
        else:
            self._load_group(payload.metadata["security_group_id"])

    def _reconcile(self, _resource: str, _event: str, _trigger: Any, payload: Any = None) -> None:  # noqa: ARG002 - theirs
        """After a start, sync from the database: the former process may have been killed while writing."""
        admin = neutron_context.get_admin_context()
        plugin = directory.get_plugin()
        groups: dict[str, list[GroupRule]] = {group["id"]: [] for group in plugin.get_security_groups(admin)}
        for rule in plugin.get_security_group_rules(admin):
            groups[rule["security_group_id"]].append(GroupRule.from_rule(rule))
        for group_id, rules in groups.items():
            self._filter.set_group(GroupFacts(group_id, tuple(rules)))
        ports = {port["id"]: port for port in plugin.get_ports(admin)}
        for facts in self._filter.all_ports():
            if facts.port_id not in ports:
                self._filter.drop_port(facts.port_id)
        for group in self._filter.all_groups():
            if group.group_id not in groups:
                self._filter.drop_group(group.group_id)
        for port in ports.values():
            self._set_port(port)
        LOG.info("Filters of %d ports and %d security groups are in sync with the database", len(ports), len(groups))

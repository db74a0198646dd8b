"""Loads the filter's text into the kernel: incrementally, or completely if the tables are missing."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.host.command import run, try_run
from localcloud.host.places import CloudPlaces
from localcloud.network import filter_text, link, names
from localcloud.network.host_text import Reachable, host_text, same_bridge_text
from localcloud.network.port_facts import GroupFacts, PortFacts, load_group, load_port, save
from localcloud.network.tables import remove_tables


def apply(text: str) -> None:
    """Apply text as one transaction."""
    run(["nft", "--file", "-"], text=text)


def remove() -> None:
    """Remove our tables, and nothing else."""
    remove_tables(names.TABLE, ("inet", "bridge"))


def allow_bridge(bridge: str) -> None:
    """Allow traffic within a new bridge."""
    try_run(["nft", "--file", "-"], text=same_bridge_text(bridge, allowed=True))


def forget_bridge(bridge: str) -> None:
    """Undo `allow_bridge`."""
    try_run(["nft", "--file", "-"], text=same_bridge_text(bridge, allowed=False))


class PortFilter:
    """The filter of all ports: keeps the facts in files and the kernel in sync with them.

    Args:
        places: the folders of the facts.
    """

    def __init__(self, places: CloudPlaces) -> None:
        self._places = places

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = self._places.ports.parent
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def port_file(self, port_id: str) -> Path:
        """The file of a port's facts."""
        return self._places.ports / f"{port_id}.json"

    def group_file(self, group_id: str) -> Path:
        """The file of a group's facts."""
        return self._places.groups / f"{group_id}.json"

    def all_ports(self) -> list[PortFacts]:
        """All ports with facts."""
        found = (load_port(file) for file in sorted(self._places.ports.glob("*.json")))
        return [facts for facts in found if facts is not None]

    def all_groups(self) -> list[GroupFacts]:
        """All groups with facts."""
        found = (load_group(file) for file in sorted(self._places.groups.glob("*.json")))
        return [facts for facts in found if facts is not None]

    def _others(self, port_id: str) -> Iterator[PortFacts]:
        """The facts of all other ports, read on demand."""
        found = (load_port(file) for file in self._places.ports.glob("*.json") if file.stem != port_id)
        return (facts for facts in found if facts is not None)

    def set_port(self, facts: PortFacts) -> None:
        """Set a port's filter from its facts."""
        with self._locked():
            before = load_port(self.port_file(facts.port_id))
            if before == facts:
                return
            save(facts, self.port_file(facts.port_id))
            self._apply(port_change_text(before, facts, self._others(facts.port_id)))

    def drop_port(self, port_id: str) -> None:
        """Remove a port; an unknown one is not an error."""
        with self._locked():
            before = load_port(self.port_file(port_id))
            if before is not None:
                self.port_file(port_id).unlink()
                self._apply(port_change_text(before, None, self._others(port_id)))

    def set_group(self, facts: GroupFacts) -> None:
        """Set a security group's rules from its facts."""
        with self._locked():
            if load_group(self.group_file(facts.group_id)) == facts:
                return
            save(facts, self.group_file(facts.group_id))
            self._apply(filter_text.group_text(facts))

    def drop_group(self, group_id: str) -> None:
        """Remove a group. Its chains stay until the next start: ports may still reference them."""
        with self._locked():
            self.group_file(group_id).unlink(missing_ok=True)

    def rebuild(self, reachable: Reachable) -> None:
        """Create both tables again from the facts, at the start of the compute service."""
        with self._locked():
            apply(host_text(reachable, link.with_prefix(names.BRIDGE_PREFIX)))
            apply(self._whole())

    def _whole(self) -> str:
        fresh = f"table bridge {names.TABLE} {{ }}\ndelete table bridge {names.TABLE}\n"
        return fresh + whole_text(self.all_ports(), self.all_groups())

    def _apply(self, text: str) -> None:
        if try_run(["nft", "--file", "-"], text=text).returncode:
            # The table is missing: create all of it. This fails if the text itself is bad.
            apply(self._whole())


def whole_text(ports: list[PortFacts], groups: list[GroupFacts]) -> str:
    """The table of family bridge for these ports and groups."""
    text = filter_text.BASE + "".join(map(filter_text.group_text, groups))
    return text + "".join(port_change_text(None, facts, []) for facts in ports)


def port_change_text(before: PortFacts | None, after: PortFacts | None, others: Iterable[PortFacts]) -> str:
    """Text that changes a port from one state to another: first its groups' members, then its chains.

    Args:
        before: the port's former facts, None for a new port.
        after: the port's new facts, None for a removed port.
        others: all other ports; a shared address stays a member. Only used when an address is removed.
    """
    old, new = memberships(before), memberships(after)
    gone = old - new
    if gone:
        gone = gone.difference(*map(memberships, others))
    text = "".join(map(filter_text.declare_group_text, sorted({group for group, _ in old | new})))
    for group, address in sorted(gone):
        text += filter_text.member_text(group, [address], member=False)
    for group, address in sorted(new - old):
        text += filter_text.member_text(group, [address], member=True)
    if after is not None:
        return text + filter_text.port_text(after)
    return text + (filter_text.forget_port_text(before) if before is not None else "")


def memberships(facts: PortFacts | None) -> set[tuple[str, str]]:
    """The single addresses that a port adds to groups; ranges in its allowed pairs are not added."""
    if facts is None:
        return set()
    single = [source.single for source in facts.sources]
    return {(group, address) for group in facts.groups for address in single if address}

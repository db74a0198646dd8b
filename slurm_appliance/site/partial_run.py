"""A run of ``site.yml`` that skips parts: what it skips, and the record of what it applied."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars.inventory import members
from slurm_appliance.playbooks.run import ANSIBLE
from slurm_appliance.site import files, nodes
from slurm_appliance.site.known_facts import KnownFacts
from slurm_appliance.site.part_digests import SiteInputs, part_digests
from slurm_appliance.site.parts import BOOT, RENDER, TAG, SitePart, site_parts
from slurm_appliance.site.skipping import AppliedState, decide, kept, whole
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.ssh.known_hosts import SshHost

#: The groups that the deploy host configures.
GROUPS = ("control", "login", "additional")
#: The secret that the key of digests is made of.
_SECRET = "bundle_signing_key"  # noqa: S105 - a name
#: Rendered files that are no reason: the first differs in each run, and the others are made of the roles' own files.
_NO_REASON = (".gz", ".tar")


@dataclass
class PartialRun:
    """One run: `begin`, then Ansible with `skip_tags` and `cache`, then `end`.

    Attributes:
        folder: the environment's folder.
        hosts: all hosts' variables.
        layer: the site's own layer.
        cache: the folder of Ansible's cache of facts, which does not exist yet.
        say: prints a line for the operator.
        skip_tags: the tags that Ansible skips.
        variables: variables for the playbook: ``site_interrupted``, parts that a former run began and did not end, of
            which services may run with former settings; ``site_began``, the same with those of a run of everything.
    """

    folder: EnvironmentFolder
    hosts: Mapping[str, Mapping[str, Any]]
    layer: SiteLayer | None
    cache: Path
    say: Callable[[str], None]
    skip_tags: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    _parts: Mapping[str, SitePart] = field(default_factory=dict)
    _digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _run: str = ""

    def begin(self, everything: str) -> None:
        """Ask the nodes, decide, and record that what runs now is no longer what was applied.

        Args:
            everything: why everything runs in any case; empty to decide.
        """
        self._parts = site_parts(ANSIBLE)
        states = nodes.read(self._nodes())
        there = {name: state for name, state in states.items() if state is not None}
        began = frozenset().union(*(state.began for state in there.values()))
        if began:
            self.variables = {"site_interrupted": sorted(began)}
        why = everything or whole(states, self._facts.runs()) or self._render(there)
        if not why:
            self._digests = part_digests(self._parts, self._inputs())
            decision = decide(self._parts, self._digests, there)
            why = "" if decision.skip else next(iter(decision.run.values()))
        if why:
            self._digests = {}
            self.say(f"everything runs: {why}")
            self._note(there, "", dict.fromkeys(self._parts, why), began)
            self.variables = {**self.variables, "site_began": sorted({*self._parts, *began})}
            return
        for name, reason in sorted(decision.run.items()):
            self.say(f"{name} runs: {reason}")
        self.say(f"{len(decision.skip)} of {len(self._parts)} parts are skipped: what they depend on has not changed")
        if decision.run:
            self._note(there, None, decision.run, began)
        self.skip_tags = (BOOT, RENDER, *(f"{TAG}{name}" for name in sorted(decision.skip)))
        self._facts.give(self.cache, there)

    def end(self) -> None:
        """Record what was applied: the run has come to its end on these nodes."""
        facts = self._facts.runs()
        if not self._digests:
            self._digests = part_digests(self._parts, self._inputs())
            facts = dict.fromkeys(self._nodes(), secrets.token_hex(8))
            self._facts.take(self.cache, facts, next(iter(facts.values())))
        states = nodes.read(self._nodes())
        records = {
            name: state.record({part: each for part, each in self._digests[name].items() if each}, facts[name])
            for name, state in states.items()
            if state is not None
        }
        nodes.write(self._nodes(), records)

    def _note(
        self, states: Mapping[str, AppliedState], facts: str | None, run: Mapping[str, str], began: frozenset[str]
    ) -> None:
        """Record on the nodes that parts begin to run."""
        records = {
            name: state.record(kept(state, run), state.facts if facts is None else facts, {*run, *began})
            for name, state in states.items()
        }
        nodes.write(self._nodes(), records)

    @property
    def _facts(self) -> KnownFacts:
        return KnownFacts(self.folder.folder / "facts.json")

    @property
    def _control(self) -> str:
        return members(self.hosts, "control")[0]

    def _nodes(self) -> dict[str, SshHost]:
        names = members(self.hosts, *GROUPS)
        return {name: SshHost.of(name, self.hosts[name], self.folder.inventory) for name in names}

    def _render(self, states: Mapping[str, AppliedState]) -> str:
        """Render the files for nodes, as site.yml would; why that is left to site.yml, empty if it is not."""
        key = self.folder.rendered / "control_host_key.pub"
        if not key.is_file() or key.read_text() != states[self._control].host_key:
            return "the control node's host key is not the one that this machine knows"
        files.render(self.folder.inventory, self.hosts, self._control, self.folder.rendered, self.layer)
        return ""

    def _inputs(self) -> SiteInputs:
        secret = str(self.hosts[self._control].get(_SECRET) or secrets.token_hex())
        key = hmac.new(secret.encode(), b"parts of site.yml", hashlib.sha256).digest()
        digests = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rendered.iterdir())
            if path.is_file() and path.suffix not in _NO_REASON
        }
        return SiteInputs(self.hosts, self._control, digests, key)

"""Facts of nodes that a run of ``site.yml`` gathered, for later runs: only those that roles read, and no secret."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.files import write_whole

#: The facts that roles of site.yml read, which a test holds. None changes while a node runs with the same packages.
FACTS = frozenset(
    {
        "architecture",
        "distribution",
        "distribution_major_version",
        "distribution_release",
        "distribution_version",
        "hostname",
        "memtotal_mb",
        "os_family",
        "virtualization_type",
    }
)


#: How Ansible's cache names a host's file and a fact, and where in the file they are.
_FILE, _FACT, _PAYLOAD = "s1_", "ansible_", "__payload__"


def write_cached(cache: Path, host: str, facts: Mapping[str, Any]) -> None:
    """Write a host's facts for Ansible.

    Args:
        cache: the folder of its cache, which is made if it is missing.
        host: the host.
        facts: the facts by the names that roles use.
    """
    cache.mkdir(mode=0o700, exist_ok=True)
    named = {f"{_FACT}{name}": value for name, value in facts.items()}
    (cache / f"{_FILE}{host}").write_text(json.dumps({_PAYLOAD: json.dumps(named)}))


def read_cached(cache: Path, host: str) -> dict[str, Any]:
    """A host's facts that Ansible gathered, by the names that roles use; empty if there are none."""
    try:
        named = json.loads(_document(cache / f"{_FILE}{host}")[_PAYLOAD])
    except (KeyError, TypeError, ValueError):
        return {}
    return {name.removeprefix(_FACT): value for name, value in named.items()}


class KnownFacts:
    """The file of facts.

    Args:
        path: in the environment's folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def runs(self) -> dict[str, str]:
        """By host, the run that its facts are of."""
        return {host: str(each["run"]) for host, each in self._read().items()}

    def give(self, cache: Path, hosts: Iterable[str]) -> None:
        """Write them for Ansible.

        Args:
            cache: the folder of its cache.
            hosts: their hosts.
        """
        known = self._read()
        for host in hosts:
            write_cached(cache, host, known[host]["facts"])

    def take(self, cache: Path, hosts: Iterable[str], run: str) -> None:
        """Keep those that Ansible gathered; a host without is left out.

        Args:
            cache: the folder of its cache.
            hosts: the hosts that they are needed of.
            run: the run.
        """
        found = {}
        for host in hosts:
            facts = read_cached(cache, host)
            if facts.keys() >= FACTS:
                found[host] = {"run": run, "facts": {name: facts[name] for name in sorted(FACTS)}}
        write_whole(self._path, json.dumps(found))

    def _read(self) -> dict[str, Any]:
        return {
            host: each
            for host, each in _document(self._path).items()
            if isinstance(each, dict) and isinstance(each.get("facts"), dict) and each.get("run")
        }


def _document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

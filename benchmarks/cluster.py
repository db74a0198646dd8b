"""A whole cluster on the local cloud: seconds from nothing to the first job, and of all that is done again later.

``python -m benchmarks.cluster IMAGE [--compute N]``, with the variables of ``slurm-appliance cloud env`` set. IMAGE is
the name of a full cluster image (``slurm-appliance image list``). The cluster has a control and a login node and N
compute nodes of one kind, lives in a state folder of its own, and is removed in the end.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import openstack
import yaml

from benchmarks.timing import timed
from slurm_appliance.cluster_check.judge import CheckVerdict
from slurm_appliance.cluster_check.run import check_cluster
from slurm_appliance.deployment import operations
from tests.engine.cluster.rig import Rig
from tests.engine.node_fixtures import Login
from tests.lifecycle.cluster.live import Live, new_keys, settings

#: What site.yml says first.
_SITE_BEGINS = "site.yml: full log: "


def report(what: str, seconds: float, more: str = "") -> None:
    """Print one measurement."""
    print(f"{what:<44}{seconds:8.1f} s  {more}".rstrip(), flush=True)


@contextmanager
def _cluster(image: str, compute: int) -> Iterator[Live]:
    """An environment with a state folder of its own, not yet brought up; removed in the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = new_keys(folder)
        before = dict(os.environ)
        os.environ.update(XDG_STATE_HOME=str(folder / "state"), PULUMI_CREDENTIALS_PATH=str(folder / "nobody"))
        rig = Rig(folder, "bench", excluded=())
        rig.settings = settings(image, key)
        rig.settings["compute"] = {"general": rig.settings["compute"]["general"] | {"nodes": [f"c-[0-{compute - 1}]"]}}
        rig.more = {"openstack:cloud": os.environ["OS_CLOUD"]}
        try:
            yield Live(rig, Login(key), openstack.connect())
        finally:
            report("destroy", timed(lambda: rig.destroy(delete_volumes=True)))
            os.environ.clear()
            os.environ.update(before)


def _ansible_init(live: Live, node: str) -> float:
    result = yaml.safe_load(live.run(node, "cat /var/lib/ansible-init/result.json"))
    started, ended = (datetime.fromisoformat(result[key]) for key in ("started", "ended"))
    return (ended - started).total_seconds()


def _bring_up(live: Live) -> None:
    """From nothing, in parts."""
    began = time.monotonic()
    said: list[tuple[float, str]] = []
    session = live.rig.session(lambda line: said.append((time.monotonic() - began, line)))
    assert operations.up(session, lambda _plan: True) is not None
    total = time.monotonic() - began
    site = next(at for at, line in said if _SITE_BEGINS in line)
    report("up from nothing", total)
    report("  until all servers are there", site)
    nodes = [name.removeprefix("life-") for name in live.hosts()]
    report("  ansible-init, the slowest node", max(_ansible_init(live, node) for node in nodes), "beside site.yml")
    report("  site.yml, waiting for boot included", total - site)


def _job(live: Live, nodes: int) -> None:
    done = live.as_user("alice", f"srun --immediate=60 --nodes={nodes} hostname")
    assert done.returncode == 0, done.stderr


def _check(live: Live) -> None:
    bad = [row for row in check_cluster(live.environment) if row.verdict is CheckVerdict.FAIL]
    assert not bad, bad


def main() -> None:
    """Measure one cluster."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("--compute", type=int, default=2)
    chosen = parser.parse_args()
    print(f"{chosen.compute} compute nodes; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with _cluster(chosen.image, chosen.compute) as live:
        report("preview from nothing", timed(live.rig.preview))
        _bring_up(live)
        report("a user's job on all compute nodes", timed(lambda: _job(live, chosen.compute)))
        report("up, nothing to do", timed(live.rig.up))
        again = live.site()
        report("site.yml again: nothing changed", again["seconds"], f"{again['changed']} changed")
        whole = live.site(everything=True)
        ratio = f"{whole['seconds'] / again['seconds']:.1f} times as long"
        report("  the same with --all", whole["seconds"], f"{whole['changed']} changed, {ratio}")
        live.rig.settings["users"]["bench"] = {"uid": 2099}
        report("up after a user was added, until all nodes have it", timed(live.rig.up))
        assert {live.run(node.removeprefix("life-"), "id -u bench") for node in live.hosts()} == {"2099"}
        report("check-cluster", timed(lambda: _check(live)))


if __name__ == "__main__":
    main()

"""Seconds of image builds on the local cloud, by step: full, full again (nothing to do), extra on top.

``python -m benchmarks.image_build NETWORK [--force]``, with the variables of ``slurm-appliance cloud env`` set. NETWORK
has to exist. The first run also fills the cloud's package proxy: run it twice for figures that can be compared.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from localcloud.control.resources import IMAGE
from slurm_appliance.image.settings import FORCE, PROXY
from slurm_appliance.image.spec import ImageBuild, Machine, PackageSources, to_json
from toolchain.paths import REPOSITORY


def build(what: ImageBuild, *, force: bool) -> tuple[str, dict[str, float], float]:
    """Build in a process of its own; returns the image's name, seconds by step, and seconds in all."""
    started = time.monotonic()
    environment = {**os.environ, FORCE: "1" if force else ""}
    command = [sys.executable, "-m", "slurm_appliance.image_build"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, input=to_json(what), check=True, text=True, stdout=subprocess.PIPE
    )
    outcome = json.loads(done.stdout)
    assert outcome["built"] or not force
    return outcome["name"], outcome["seconds"], time.monotonic() - started


def report(title: str, seconds: dict[str, float], total: float) -> None:
    """Print one build."""
    print(f"{title}: {total:.1f} s")
    for step, each in seconds.items():
        indent = "    " if step.startswith("playbook: ") else "  "
        print(f"{indent}{step:<30}{each:7.1f} s")


def main() -> None:
    """Build and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="an existing network")
    parser.add_argument("--force", action="store_true", help="build although the images exist")
    parser.add_argument("--flavor", default="slurm.small")
    parser.add_argument("--base", default=IMAGE, help="the base image")
    arguments = parser.parse_args()
    machine = Machine(arguments.flavor, arguments.network)
    sources = PackageSources(proxy=os.environ.get(PROXY, ""))
    full = ImageBuild(arguments.base, ("control", "login", "compute"), machine, sources=sources)
    name, seconds, total = build(full, force=arguments.force)
    report("full image", seconds, total)
    _, seconds, total = build(full, force=False)
    report("full image again", seconds, total)
    extra = ImageBuild(name, ("dev",), machine, sources=sources, extra_packages=("tree",))
    _, seconds, total = build(extra, force=arguments.force)
    report("extra image", seconds, total)


if __name__ == "__main__":
    main()

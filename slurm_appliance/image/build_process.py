"""``python -m slurm_appliance.image_build``: the process behind Pulumi's command and behind ``image build``.

Reads the build's description as JSON from standard input, reports progress on standard error, and prints one line of
JSON on standard output: image_id, name, built, reason, seconds, log. Safe to run again at any time.
"""

import dataclasses
import json
import os
import sys
from functools import partial
from pathlib import Path

from slurm_appliance.cloud.connection import connect
from slurm_appliance.image import playbook
from slurm_appliance.image.build import Builder, BuildOutcome
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.construction import Tools
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.progress import BuildProgress
from slurm_appliance.image.settings import FORCE
from slurm_appliance.image.spec import ImageBuild, from_json
from slurm_appliance.image.stop import Deadline, signals_stop
from slurm_appliance.site_layer.layers import SiteLayer, site_layer
from toolchain.commit import commit
from toolchain.paths import state_folder


def build_image(
    build: ImageBuild, layer: SiteLayer | None, *, force: bool = False, cloud: str | None = None
) -> BuildOutcome:
    """Build an image if it is missing; Ctrl-C and SIGTERM stop it cleanly.

    Args:
        build: the requested build.
        layer: the site's own layer on this machine.
        force: build even if the image exists.
        cloud: the entry of clouds.yaml; None to use OS_CLOUD or the other OS_* variables.

    Raises:
        ApplianceError: the build failed.
    """
    if build.layer is not None and (layer is None or layer.image != build.layer):
        raise BuildError(
            f"the site's own layer of {build.layer.stack} is not the one that the image's name was computed from",
            where="layer",
            remedy="if it changed meanwhile, run this again; otherwise set SLURM_APPLIANCE_STACKS to the stack files",
        )
    run_playbook = partial(playbook.run, layer=layer if build.layer else None)
    deadline = Deadline(build.build_timeout, "the image build")
    progress = BuildProgress(lambda line: print(line, file=sys.stderr, flush=True))
    with signals_stop(deadline, progress.say):
        tools = Tools(
            OpenStackApi(connect(cloud), sleep=deadline.sleep), deadline, progress, run_playbook, commit=commit()
        )
        return Builder(tools, BuildFolder(state_folder("image-builds"))).ensure(build, force=force)


def main(stacks: Path) -> int:
    """Read the request, build, print the outcome; return the exit status.

    Args:
        stacks: the folder of stack files on this machine, beside which the site's own layer is.
    """
    build = from_json(sys.stdin.read())
    layer = site_layer(stacks, build.layer.stack) if build.layer else None
    outcome = build_image(build, layer, force=bool(os.environ.get(FORCE)))
    print(json.dumps(dataclasses.asdict(outcome)))
    return 0

"""Images in a stack, with the real engine: built once, known in the preview, built again when they are gone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from openstack.connection import Connection

from components.image import cluster_images
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.engine import automation
from slurm_appliance.image import content, images
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.wanted import Wanted
from tests.engine.cloud_fixtures import IMAGE
from tests.engine.pulumi_fixtures import backend_variables
from tests.lifecycle.image_fixtures import BuildSite
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY


class Parent(pulumi.ComponentResource):
    """Stands for the cluster."""

    def __init__(self) -> None:
        super().__init__("test:index:Parent", "parent")


class Stack:
    """A stack with one image."""

    def __init__(self, folder: Path, toolchain: Toolchain, site: BuildSite, api: OpenStackApi) -> None:
        self._site = site
        self._api = api
        self.id_in_program: Any = None
        variables = {
            **backend_variables(folder),
            **site.cloud.environment,
            "XDG_STATE_HOME": str(site.state),
            # The stack's folder is not the checkout here.
            "PYTHONPATH": str(REPOSITORY),
        }
        self._stack = automation.open_stack(
            "test", toolchain, variables=variables, folder=folder, program=self._program, project="images"
        )

    def _program(self) -> None:
        build = self._site.description(IMAGE, (), salt="stack")
        name = content.image_name(build, images.find(self._api, IMAGE).identity)
        active = [image for image in images.ours_named(self._api, name) if image.status == "active"]
        wanted = Wanted("small", name, active[0].id if active else None, build, "", force=False)
        made = cluster_images([wanted], Parent(), network={})
        self.id_in_program = made[ImageSource(build="small")]
        pulumi.export("image", made[ImageSource(build="small")])

    def run(self, operation: automation.Operation) -> automation.OperationOutcome:
        return automation.run(self._stack, operation)

    @property
    def image(self) -> str:
        """The id that the stack exports."""
        return str(self._stack.outputs()["image"].value)


@pytest.fixture
def api(user: Connection) -> OpenStackApi:
    return OpenStackApi(user)


def test_an_image_goes_through_its_life_in_a_stack(
    build_site: BuildSite, api: OpenStackApi, toolchain: Toolchain, stack_folders: Callable[[], Path]
) -> None:
    stack = Stack(stack_folders(), toolchain, build_site, api)
    assert stack.run("up").changes == {"create": 4}
    first = stack.image
    found = images.get(api, first)
    assert found is not None
    assert found.status == "active"

    assert stack.run("up").unchanged
    assert stack.run("preview").unchanged
    assert stack.id_in_program == first, "the preview knows the id"

    other = Stack(stack_folders(), toolchain, build_site, api)
    assert other.run("up").changes == {"create": 4}
    assert other.image == first, "another stack uses the image that is there"

    images.delete(api, first)
    assert stack.run("up").changes == {"same": 3, "update": 1}
    assert stack.image != first
    assert stack.run("up").unchanged

    last = stack.image
    assert stack.run("destroy").changes == {"delete": 4}
    assert images.get(api, last) is not None, "an image outlives its stack"

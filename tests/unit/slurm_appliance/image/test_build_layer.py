"""A build and the layer that its name was computed from: another one on this machine must not get into the image."""

from pathlib import Path

import pytest

from slurm_appliance.image.build_process import build_image
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.spec import ImageBuild, Machine
from slurm_appliance.site_layer.layers import ImageLayer
from tests.unit.slurm_appliance.site_layer.trees import STACK, layer_of


@pytest.mark.parametrize("hook", ["", "site/hooks/site/pre.yml", "site/hooks/image/pre.yml"])
def test_another_layer_is_refused_before_anything_is_asked_of_the_cloud(tmp_path: Path, hook: str) -> None:
    layer = layer_of(tmp_path, {hook: "[]"}) if hook else None
    build = ImageBuild("debian-12", ("compute",), Machine("m1", "net"), layer=ImageLayer(STACK, "of another content"))
    with pytest.raises(BuildError) as caught:
        build_image(build, layer)
    assert caught.value.where == "layer"

"""Image builds as commands: an image that exists is known in the preview and its command has nothing to do."""

import json
from dataclasses import replace

from components.cluster import Cluster, ClusterArgs
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image.spec import ImageBuild, Machine, PackageSources, from_json
from slurm_appliance.image.wanted import Wanted
from tests.unit.components.clusters import arguments, configured
from tests.unit.components.recorder import Record, Recorded, id_of, record

ID = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"
BUILD = ImageBuild("base-id", ("control",), Machine("m1.small", "cluster"))


def wanted(image_id: str | None = None, *, name: str = "full", base: str = "", build: ImageBuild = BUILD) -> Wanted:
    return Wanted(name, f"slurm-{name}", image_id, build, base, force=False)


def commands(*builds: Wanted, **changes: object) -> dict[str, Record]:
    return recorded(*builds, **changes).of("local:Command")


def recorded(*builds: Wanted, **changes: object) -> Recorded:
    return record(lambda: Cluster("cluster", with_builds(arguments(configured(**changes)), *builds)))


def with_builds(args: ClusterArgs, *builds: Wanted) -> ClusterArgs:
    """The same cluster, with images that builds make."""
    images = {**args.resolved.images, **{ImageSource(build=each.name): each.image_id for each in builds}}
    return replace(args, resolved=replace(args.resolved, builds=builds, images=images))


def test_one_that_exists_ignores_what_differs_and_is_known() -> None:
    command = commands(wanted(ID))["image-full"]
    assert command.ignore_changes == ["create", "update", "stdin", "environment"]
    assert command.inputs["environment"] == {"SLURM_APPLIANCE_IMAGE": "slurm-full"}
    assert command.inputs["create"].endswith(" -m slurm_appliance.image_build")


def test_one_that_does_not_exist_runs_again_whatever_ran_before() -> None:
    first, second = (commands(wanted())["image-full"] for _ in range(2))
    assert first.ignore_changes == []
    assert first.inputs["environment"].keys() == {"SLURM_APPLIANCE_IMAGE", "SLURM_APPLIANCE_IMAGE_ATTEMPT"}
    assert first.inputs["environment"] != second.inputs["environment"]
    assert first.inputs["stdin"] == second.inputs["stdin"]


def test_the_request_is_what_the_process_reads() -> None:
    assert from_json(commands(wanted())["image-full"].inputs["stdin"]) == BUILD


def test_a_password_is_in_the_request_and_not_in_the_text() -> None:
    build = ImageBuild("b", (), Machine("f", "n"), sources=PackageSources(username="u", password="s3cret"))
    command = commands(wanted(build=build))["image-full"]
    assert "s3cret" not in command.inputs["create"]
    assert "s3cret" in command.inputs["stdin"]


def test_an_extra_build_waits_for_its_base() -> None:
    made = commands(wanted(), wanted(name="extra", base="full"))
    assert made["image-full"].urn in made["image-extra"].dependencies
    assert made["image-extra"].urn not in made["image-full"].dependencies


def test_a_network_that_the_stack_makes_comes_first_and_is_handed_over_by_id() -> None:
    networks = [{"network": "cluster", "create": {"cidr": "10.20.0.0/24"}}]
    made = recorded(wanted(), cluster_networks=networks)
    command = made.of("local:Command")["image-full"]
    assert json.loads(command.inputs["stdin"])["machine"]["network"] == "id-of-cluster"
    assert made.of("networking/subnet:Subnet")["cluster"].urn in command.dependencies


def test_a_node_group_runs_the_image_that_its_command_tells() -> None:
    def cluster() -> None:
        config = configured(cluster_image={"build": "full"}, image_builds={"full": {"base_image": "b", "flavor": "f"}})
        Cluster("cluster", replace(with_builds(arguments(configured()), wanted()), config=config))

    servers = record(cluster).of("compute/instance:Instance")
    assert {server.inputs["imageId"] for server in servers.values()} == {id_of("image-full")}


def test_a_proxys_login_is_secret_and_an_address_is_not() -> None:
    for proxy, secret in (("http://me:s3cret@proxy:3128", {"stdin"}), ("http://proxy:3128", set())):
        build = ImageBuild("b", (), Machine("f", "n"), sources=PackageSources(proxy=proxy))
        assert commands(wanted(build=build))["image-full"].secret_inputs == secret

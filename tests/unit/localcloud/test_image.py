from dataclasses import replace

import pytest

from localcloud.errors import BaseImageError
from localcloud.image.content import GENERIC_CLOUD
from localcloud.image.disk.recipe import DiskRecipe
from localcloud.image.recipe import PACKAGES, ImageRecipe
from localcloud.image.sources import AptSource, parse_targets
from localcloud.image.systems import DEFAULT, SYSTEMS, System, system

MAIN = AptSource("http://archive.example/debian", "bookworm")


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=str)
def test_only_debian_s_own_sources_are_taken(system: System) -> None:
    text = "\n".join(
        (
            "Debian\tDebian\thttp://archive.example/debian/",
            "Debian\tDebian\thttp://archive.example/debian/",
            "Debian\tDebian-Security\thttp://archive.example/debian-security/",
            "Debian Backports\tDebian Backports\thttp://archive.example/debian/",
            "Node Source\tNode Source\thttps://node.example/",
        )
    )
    assert [str(source) for source in parse_targets(text, system)] == [
        f"deb http://archive.example/debian {system.suite} main",
        f"deb http://archive.example/debian {system.suite}-updates main",
        f"deb http://archive.example/debian-security {system.suite}-security main",
    ]


def test_a_machine_without_debian_s_sources_has_none() -> None:
    assert parse_targets("Ubuntu\tUbuntu\thttp://archive.example/ubuntu/", DEFAULT) == []


def test_the_same_recipe_has_the_same_digest_and_another_another() -> None:
    recipe = ImageRecipe((MAIN,), "amd64")
    assert recipe.digest == ImageRecipe((MAIN,), "amd64").digest
    assert recipe.digest != replace(recipe, architecture="arm64").digest
    assert recipe.digest != replace(recipe, sources=(replace(MAIN, uri="http://other.example/debian"),)).digest


def test_the_command_line_names_all_that_goes_in() -> None:
    command = ImageRecipe((MAIN,), "amd64").command("mmdebstrap", "/tree", "/image.tar")
    assert command[-3:] == ["bookworm", "/image.tar", str(MAIN)]
    assert f"--include={','.join(PACKAGES)}" in command
    hooks = [word for word in command if word.startswith("--customize-hook=")]
    assert any("/tree/." in hook for hook in hooks)
    assert any("mask apt-daily.timer" in hook for hook in hooks)


def test_an_archive_may_be_older_than_it_promises_before_the_release() -> None:
    released, testing = ImageRecipe((MAIN,), "amd64"), ImageRecipe((MAIN,), "amd64", check_valid_until=False)

    assert "Valid-Until" not in str(released.command("mmdebstrap", "/tree", "/image.tar")) + str(released.files)
    assert "Valid-Until" in str(testing.command("mmdebstrap", "/tree", "/image.tar"))
    assert any("Valid-Until" in text for text in testing.files.values())
    assert released.digest != testing.digest


@pytest.mark.parametrize("form", [ImageRecipe, DiskRecipe])
def test_generic_cloud_adds_what_acts_by_itself_and_stops_nothing(form: type[ImageRecipe]) -> None:
    ours, whole = form((MAIN,), "amd64"), form((MAIN,), "amd64", content=GENERIC_CLOUD)
    assert {"unattended-upgrades", "systemd-resolved", "netplan.io"} <= set(whole.packages) - set(ours.packages)
    assert set(ours.packages) < set(whole.packages)
    assert (bool(ours.masked), whole.masked) == (True, ())
    assert ours.digest != whole.digest
    assert not any(" mask " in word for word in whole.command("mmdebstrap", "/tree", "/image.tar"))


@pytest.mark.parametrize("package", ["cloud-init", "openssh-server", "python3", "systemd-sysv", "sudo"])
def test_the_image_has_what_ansible_and_openstack_need(package: str) -> None:
    assert package in PACKAGES


def test_a_system_goes_by_the_name_of_its_image() -> None:
    assert {name: system(name).suite for name in SYSTEMS} == {
        "debian-12": "bookworm",
        "debian-13": "trixie",
        "debian-13-genericcloud": "trixie",
        "debian-14": "forky",
        "rocky-9-stand-in": "trixie",
    }
    with pytest.raises(BaseImageError):
        system("debian-11")

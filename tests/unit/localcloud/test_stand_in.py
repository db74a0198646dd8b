"""The stand-in for Rocky Linux 9: what it is made of, by the table of the distribution."""

import configparser
from dataclasses import replace
from pathlib import Path

from localcloud.image.distribution import DistributionPackage, load
from localcloud.image.recipe import ImageRecipe
from localcloud.image.sources import AptSource
from localcloud.image.standin import make
from localcloud.image.standin.convert import needs, release_of
from localcloud.image.standin.plan import REPOSITORIES, plan, repository_file, written

RECIPE = ImageRecipe((AptSource("http://archive.example/debian", "trixie"),), "amd64")


def _packages() -> dict[str, DistributionPackage]:
    return {**load("RedHat").packages, **load("OpenHPC").packages}


def test_every_package_of_the_table_is_made_or_named_with_the_reason() -> None:
    packages, made = _packages(), plan(load("RedHat"), load("OpenHPC"))
    ways = (made.packages, made.elsewhere, made.copies)
    assert set(packages) <= {name for way in ways for name in way}
    assert {*made.elsewhere, *made.copies} <= set(packages)
    assert set(made.copies.values()) <= set(made.packages)
    assert sum(map(len, ways)) == len({name for way in ways for name in way})


def test_what_is_written_moved_or_linked_is_where_the_table_has_it() -> None:
    packages, debian = _packages(), load("Debian").facts()
    for name, how in plan(load("RedHat"), load("OpenHPC")).packages.items():
        places = [*how.get("move", {}).values(), *how.get("write", {}), *how.get("link", {}), *how.get("folder", {})]
        for path in packages[name].contents if name in packages else ():
            # Units, and paths that Debian has too, are Debian's unless they are moved.
            if path.startswith("/") and path not in debian:
                assert any(place == path or place.startswith(f"{path}/") for place in places), (name, path)


def test_packages_are_in_the_repositories_of_the_table() -> None:
    assert {package.repository for package in _packages().values()} <= set(REPOSITORIES)
    assert {each["repository"] for each in written([])} <= set(REPOSITORIES)


def test_every_repository_is_made(tmp_path: Path) -> None:
    ran: list[list[str]] = []
    (tmp_path / "stand-in/repositories").mkdir(parents=True)
    (tmp_path / "stand-in/provided").write_text("")
    make.furnish(tmp_path, tmp_path / "made", ran.append)
    (command,) = ran
    assert command[-len(REPOSITORIES) :] == list(REPOSITORIES)
    script = Path(next(word for word in command if word.endswith("furnish.sh"))).read_text()
    assert [name for name in REPOSITORIES if f" {name} " in script] == []


def test_crb_is_there_but_not_enabled() -> None:
    read = configparser.ConfigParser()
    read.read_string(repository_file())
    assert {name: read[name]["enabled"] for name in read.sections()} == {
        "baseos": "1",
        "appstream": "1",
        "crb": "0",
        "extras": "1",
    }
    assert all(read[name]["gpgcheck"] == "1" for name in read.sections())


def test_the_digest_names_what_goes_in() -> None:
    assert make.digest(RECIPE) == make.digest(RECIPE)
    assert make.digest(RECIPE) != make.digest(replace(RECIPE, architecture="arm64"))


def test_the_workshop_has_the_tools_and_keeps_the_packages() -> None:
    command = make.command(RECIPE, "mmdebstrap", "/files", "/tree")
    assert "--format=directory" in command
    (included,) = (word for word in command if word.startswith("--include="))
    assert set(make.TOOLS) <= set(included.removeprefix("--include=").split(","))
    hooks = [word for word in command if word.startswith("--customize-hook=")]
    assert "slurmctld" in hooks[1]


def test_versions_and_needs_of_debian_in_rpms_words() -> None:
    assert release_of("1:24.11.5-4") == ("1", "24.11.5", "4")
    assert release_of("2.0") == ("", "2.0", "0")
    names = {"libc": "libc", "slurm-client": "slurm", "a": "a"}
    assert needs("libc (>= 2), slurm-client:any | a, other", names) == ["libc", "(slurm or a)"]

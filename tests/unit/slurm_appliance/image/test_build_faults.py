"""Builds in a cloud in memory that go wrong: what is said, what is left, and who goes on."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.cloud.image_names import CLAIM_TAG, IMAGE_TAG
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.content import image_name
from slurm_appliance.image.errors import BuildError, CloudApiError, StoppedError
from slurm_appliance.image.spec import ImageBuild, PackageRepository, PackageSources
from tests.unit.slurm_appliance.image.conftest import FAT, KINDS, Site, base_id
from tests.unit.slurm_appliance.image.fake_cloud import LOST, FakeCloud, Fault, Killed


@KINDS
@pytest.mark.parametrize("status", [500, LOST])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_request_may_fail_once(
    tmp_path: Path, ansible: Path, build: ImageBuild, status: int, after: bool
) -> None:
    """Whatever request fails in passing, the build succeeds, and nothing is made twice or left."""
    probe = Site(FakeCloud(), BuildFolder(tmp_path / "probe"), ansible)
    probe.ensure(build)
    for number in range(len(probe.cloud.requests)):
        site = Site(FakeCloud(), BuildFolder(tmp_path / f"{number}"), ansible)
        seen = iter(range(10_000))
        site.cloud.meanwhile = lambda _, site=site, seen=seen, number=number: (  # type: ignore[misc]
            site.cloud.faults.append(Fault("", status, after=after)) if next(seen) == number else None
        )
        outcome = site.ensure(build)
        where = probe.cloud.requests[number]
        assert site.cloud.leftovers == [], where
        assert len([each for each in site.cloud.images.values() if IMAGE_TAG in each["tags"]]) == 1, where
        assert site.cloud.images[outcome.image_id]["status"] == "active", where


@KINDS
def test_killed_at_any_request_the_next_run_removes_the_rest_and_succeeds(
    tmp_path: Path, ansible: Path, build: ImageBuild
) -> None:
    probe = Site(FakeCloud(), BuildFolder(tmp_path / "probe"), ansible)
    probe.ensure(build)
    for number in range(len(probe.cloud.requests)):
        site = Site(FakeCloud(), BuildFolder(tmp_path / f"{number}"), ansible)
        site.cloud.kill_after = number
        with pytest.raises(Killed):
            site.ensure(build)
        site.cloud.kill_after = -1
        where = probe.cloud.requests[number]
        assert site.ensure(build).image_id in site.cloud.images, where
        assert site.cloud.leftovers == [], where
        keys = [path for path in site.build_folder.folder.rglob("*") if path.name in {"login", "host"}]
        assert keys == [], where


def test_a_build_of_another_machine_is_dead_only_after_its_lease(tmp_path: Path, ansible: Path) -> None:
    cloud = FakeCloud()
    elsewhere = Site(cloud, BuildFolder(tmp_path / "elsewhere"), ansible)

    def kill() -> None:
        raise Killed

    elsewhere.in_server = kill
    with pytest.raises(Killed):
        elsewhere.ensure()
    assert cloud.leftovers
    here = Site(cloud, BuildFolder(tmp_path / "here"), ansible)
    asked = len(cloud.requests)
    outcome = here.ensure()
    assert outcome.built
    assert cloud.leftovers == []
    waited = [line for line in here.lines if "wait: " in line]
    assert len(waited) == 1
    assert "has been building it since" in waited[0]
    # One second passes with each request of the fake cloud: the lease was waited for.
    assert len(cloud.requests) - asked > 150


def marked_elsewhere(cloud: FakeCloud, image: str, lease: int = 180) -> dict[str, Any]:
    """The mark of somebody else's build of an image, just made."""
    return cloud.add_image(
        "slurm-appliance-build-b",
        status="queued",
        tags=(CLAIM_TAG,),
        slurm_appliance_build="b",
        slurm_appliance_image=image,
        slurm_appliance_owner="ann@elsewhere",
        slurm_appliance_machine="another",
        slurm_appliance_lease=str(lease),
    )


def test_a_build_under_way_elsewhere_is_waited_for_and_used(tmp_path: Path, ansible: Path) -> None:
    cloud = FakeCloud()
    site = Site(cloud, BuildFolder(tmp_path / "here"), ansible)
    name = image_name(FAT, base_id(site), ansible)
    mark = marked_elsewhere(cloud, name)

    def finish(_: str) -> None:
        if len(cloud.requests) == 20 and mark["id"] in cloud.images:
            del cloud.images[mark["id"]]
            cloud.add_image(name, tags=(IMAGE_TAG,))

    cloud.meanwhile = finish
    outcome = site.ensure()
    assert not outcome.built
    assert any("wait: ann@elsewhere has been building it since 12:00:00 UTC" in line for line in site.lines)
    assert not any(request.startswith("POST compute") for request in cloud.requests)


def test_two_that_see_each_other_at_once_step_back_and_one_builds(tmp_path: Path, ansible: Path) -> None:
    """The other's mark appears between our look and our own mark: we step back; it goes away; then we build."""
    cloud = FakeCloud()
    site = Site(cloud, BuildFolder(tmp_path / "here"), ansible)
    name = image_name(FAT, base_id(site), ansible)
    other: list[str] = []

    def appear(line: str) -> None:
        if line.startswith("POST image /images") and not other:
            other.append(marked_elsewhere(cloud, name)["id"])
        elif line.startswith("DELETE image") and other[0] in cloud.images:
            del cloud.images[other[0]]

    cloud.meanwhile = appear
    assert site.ensure().built
    marks = [request for request in cloud.requests if request.startswith("POST image /images")]
    assert len(marks) == 2
    assert cloud.leftovers == []


def test_builds_of_other_images_do_not_wait_for_each_other(site: Site) -> None:
    marked_elsewhere(site.cloud, "slurm-another", lease=86400)
    assert site.ensure().built
    assert site.cloud.leftovers == ["image slurm-appliance-build-b"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("POST compute /servers ", 403, -1), "403 made to fail"),
        (Fault("createImage", 500, -1), "500 made to fail"),
        (Fault("POST network /ports", 409, -1), "409 made to fail"),
        (Fault("PATCH image .*hw_machine_type", 403, -1), "403 made to fail"),
    ],
    ids=["server", "snapshot", "port", "finish"],
)
def test_a_refusal_ends_the_build_names_the_request_and_leaves_nothing(site: Site, fault: Fault, says: str) -> None:
    site.cloud.faults.append(fault)
    with pytest.raises(CloudApiError, match=re.escape(f"{says} (request req-1)")):
        site.ensure()
    assert site.cloud.leftovers == []
    site.cloud.faults.clear()
    assert site.ensure().built


def test_a_server_in_error_is_explained_by_nova(site: Site) -> None:
    def spoil(_: str) -> None:
        for server in site.cloud.servers.values():
            server.update(status="ERROR", fault={"message": "No valid host was found"})

    site.cloud.meanwhile = spoil
    with pytest.raises(BuildError, match="ERROR: No valid host was found"):
        site.ensure()
    assert site.cloud.leftovers == []


def fail_in_server() -> None:
    raise BuildError("apt: mirror away", where="fatimage.yml, host builder, task 'Update'", remedy="the log")


def test_a_failed_task_leaves_nothing_but_the_console(site: Site) -> None:
    site.in_server = fail_in_server
    with pytest.raises(BuildError, match="apt: mirror away") as caught:
        site.ensure()
    assert "task 'Update'" in caught.value.where
    console = re.search(r"console: (\S+)", caught.value.remedy)
    assert console is not None
    assert Path(console[1]).read_text() == "the console\n"
    assert site.cloud.leftovers == []
    assert not (Path(console[1]).parent / "ssh").exists()


def test_a_failed_task_names_where_packages_come_from(site: Site) -> None:
    """Package managers do not always say which source it was that did not answer."""
    site.in_server = fail_in_server
    mirror = PackageSources(
        repositories=(PackageRepository("debian", "http://mirror.example.org/debian"),),
        proxy="http://me:pass@proxy.example.org:3128",
    )
    with pytest.raises(BuildError) as caught:
        site.ensure(replace(FAT, sources=mirror))
    places = "package sources: http://mirror.example.org/debian, the proxy http://proxy.example.org:3128"
    assert places in caught.value.remedy


def test_keep_on_failure_keeps_the_server_and_says_how_to_log_in(site: Site) -> None:
    site.in_server = fail_in_server
    with pytest.raises(BuildError) as caught:
        site.ensure(replace(FAT, keep_on_failure=True))
    login = re.search(r"kept: ssh -F (\S+) (\S+);", caught.value.remedy)
    assert login is not None
    assert Path(login[1]).exists()
    assert len(site.cloud.servers) == 1
    site.in_server = lambda: None
    assert site.ensure().built
    assert len(site.cloud.servers) == 1, "a kept server is not taken for a leftover"


@pytest.mark.parametrize("keep", [False, True])
def test_a_signal_removes_everything_even_where_failures_are_kept(site: Site, keep: bool) -> None:
    def interrupt() -> None:
        site.deadline.set(StoppedError("interrupted by SIGINT", signal=2))
        site.deadline.check()

    site.in_server = interrupt
    with pytest.raises(StoppedError, match="interrupted by SIGINT") as caught:
        site.ensure(replace(FAT, keep_on_failure=keep))
    assert caught.value.exit_status == 130
    assert site.cloud.leftovers == []


def test_what_cannot_be_removed_stays_marked_and_is_removed_by_the_next_run(site: Site) -> None:
    site.cloud.faults.append(Fault("DELETE network /ports", 500, 9))
    outcome = site.ensure()
    assert outcome.built
    assert any("some leftovers could not be removed" in line for line in site.lines)
    assert len(site.cloud.leftovers) == 3, "the port, the security group that it uses, and the mark"
    site.cloud.faults.clear()
    assert site.ensure().image_id == outcome.image_id
    assert site.cloud.leftovers == []


def test_a_lost_mark_ends_the_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_appliance.image.claims.LEASE", 0.05)

    def lose() -> None:
        for key in [key for key, image in site.cloud.images.items() if CLAIM_TAG in image["tags"]]:
            del site.cloud.images[key]
        site.deadline.until(lambda: False, limit=10, pause=0.01, on_time_out=lambda: "the mark was not missed")

    site.in_server = lose
    with pytest.raises(StoppedError, match="mark"):
        site.ensure()
    assert site.cloud.leftovers == []


def test_a_mark_is_renewed_while_its_build_lives(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_appliance.image.claims.LEASE", 0.05)

    def renewed() -> bool:
        marks = [image for image in site.cloud.images.values() if CLAIM_TAG in image["tags"]]
        return int(marks[0]["slurm_appliance_renewed"]) >= 3

    site.in_server = lambda: site.deadline.until(renewed, limit=10, pause=0.01, on_time_out=lambda: "not renewed")
    assert site.ensure().built

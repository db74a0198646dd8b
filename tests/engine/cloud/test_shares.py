"""Manila of the local cloud, and shares that a cluster creates there: what a fake cannot know of its API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.control import lifecycle, manila
from localcloud.host.steps import Steps
from localcloud.share.folders import note_of
from slurm_appliance.errors import ConfigError, ExitStatus
from tests.engine.cloud.test_cluster import image, rig
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_adopt import adopted, lose_state

__all__ = ["image", "rig"]


@pytest.fixture(scope="module")
def shares(cloud: Cloud) -> Path:
    """The folder of the shares of a cloud that has Manila from now on."""
    lifecycle.up(cloud.layout, Steps(say), shares=True)
    return cloud.layout.service_state("manila") / "shares"


@pytest.fixture
def api(shares: Path, cloud: Cloud) -> Iterator[Any]:
    """Manila, for its ordinary user; shares of the test are gone afterwards."""
    del shares
    # The session's connection may have logged in before Manila was in the catalog.
    with cloud.connect() as connection:
        service: Any = connection.shared_file_system
        # The first version names actions otherwise than the SDK.
        service.default_microversion = "2.60"
        yield service
        for share in service.shares():
            if share.name.startswith("test-"):
                service.delete_share(share)
                service.wait_for_delete(share, interval=0.2, wait=60)


def test_a_share_is_made_grows_lets_clients_in_and_goes(api: Any, shares: Path) -> None:
    made = api.create_share(name="test-data", size=1, share_protocol="NFS", description="of a test")
    share = api.wait_for_status(made, "available", interval=0.2, wait=60)
    (location,) = api.export_locations(share.id)
    assert location.is_preferred
    folder = Path(location.path.partition(":")[2])
    assert folder.parent == shares
    assert note_of(folder) == {"size": 1, "clients": {}}

    api.resize_share(share.id, 2)
    wait_until(
        "the share to grow", lambda: (api.get_share(share.id).status, note_of(folder)["size"]) == ("available", 2)
    )
    assert api.get_share(share.id).size == 2

    rule = api.create_access_rule(share.id, access_type="ip", access_to="10.77.0.0/24", access_level="ro")
    wait_until("the rule to be active", lambda: [each.state for each in api.access_rules(share)] == ["active"])
    assert note_of(folder)["clients"] == {"10.77.0.0/24": "ro"}
    api.delete_access_rule(rule.id, share.id)
    wait_until("the rule to be gone", lambda: not list(api.access_rules(share)))
    assert note_of(folder)["clients"] == {}

    api.delete_share(share)
    api.wait_for_delete(share, interval=0.2, wait=60)
    assert not folder.exists()


def test_a_cluster_creates_grows_keeps_and_adopts_its_share(
    rig: Rig, api: Any, shares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data: dict[str, Any] = {
        "type": "nfs",
        "mount_point": "/data",
        "create": {"size": 1, "share_type": manila.SHARE_TYPE},
    }
    rig.settings["filesystems"] = {"data": data}
    # Without nodes: they cannot mount it.
    rig.settings["compute"] = {}
    data["groups"] = ["control"]
    rig.up()
    (share,) = [each for each in api.shares() if each.name == "infra-data"]
    (location,) = api.export_locations(share.id)
    folder = Path(location.path.partition(":")[2])
    assert folder.parent == shares
    assert note_of(folder) == {"size": 1, "clients": {"10.66.0.0/24": "rw"}}
    assert location.path in json.dumps(rig.session().deployment())
    assert rig.preview().steps == ()

    (folder / "kept").write_text("data")
    data["create"]["size"] = 2
    assert rig.up().plan.counts == {"update": 1}
    assert note_of(folder)["size"] == 2
    data["create"]["size"] = 1
    with pytest.raises(ConfigError, match="cannot shrink"):
        rig.up()
    data["create"] |= {"size": 2, "access_level": "ro"}
    assert rig.up().plan.counts == {"replace": 1}
    assert note_of(folder)["clients"] == {"10.66.0.0/24": "ro"}

    (rule,) = api.access_rules(share)
    api.delete_access_rule(rule.id, share.id)
    wait_until("the rule to be gone", lambda: not list(api.access_rules(share)))
    assert rig.preview().exit_status == ExitStatus.DRIFT
    rig.up()
    assert note_of(folder)["clients"] == {"10.66.0.0/24": "ro"}

    lose_state(rig, monkeypatch)
    assert adopted(rig).remaining.steps == ()
    assert rig.ids("Share")["data"] == share.id
    rig.destroy()
    assert (folder / "kept").read_text() == "data"
    assert note_of(folder)["clients"] == {}
    rig.up()
    assert (folder / "kept").read_text() == "data"
    rig.destroy(delete_volumes=True)
    assert not folder.exists()

"""Metadata of servers."""

from slurm_appliance.cloud.metadata import server_metadata


def test_the_control_node_has_no_control_address() -> None:
    assert server_metadata("test", access_ip="10.0.0.10") == {"environment": "test", "access_ip": "10.0.0.10"}


def test_all_of_it() -> None:
    metadata = server_metadata(
        "test", access_ip="10.0.0.20", control_address="10.0.0.10", gateway_ip="10.0.0.1", roles=("compute", "nfs")
    )
    assert metadata == {
        "environment": "test",
        "access_ip": "10.0.0.20",
        "control_address": "10.0.0.10",
        "gateway_ip": "10.0.0.1",
        "compute": "true",
        "nfs": "true",
    }


def test_the_first_version_of_user_data_is_not_written_down() -> None:
    assert "user_data_version" not in server_metadata("test", access_ip="10.0.0.10", user_data_version=1)
    assert server_metadata("test", access_ip="10.0.0.10", user_data_version=2)["user_data_version"] == "2"


def test_nodes_are_told_of_another_place_of_the_state_volume() -> None:
    assert (
        server_metadata("test", access_ip="a", control_address="b", state_dir="/srv/state")["state_dir"] == "/srv/state"
    )
    assert "state_dir" not in server_metadata("test", access_ip="a", control_address="b", state_dir="/var/lib/state")
    assert "state_dir" not in server_metadata("test", access_ip="a", state_dir="/srv/state")

"""What all nodes share: nothing of it may be a secret that is not theirs."""

import pytest

from slurm_appliance.hostvars.bundle import ComputeNode, node_variables
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.site.files import FORBIDDEN


@pytest.mark.parametrize("name", sorted({*MAKERS, "reboot_cloud"} - {"munge_key"}))
def test_secrets_of_the_control_node_get_into_no_nodes_bundle(name: str) -> None:
    node = ComputeNode(
        "c1", "10.0.0.5", "server", "image", {name: "x", "leak": f"{{{{ {name} }}}}"}, frozenset({"leak"})
    )
    with pytest.raises(HostVariablesError, match=name):
        node_variables(node, FORBIDDEN)


def test_slurms_daemons_trust_each_other_by_one_secret() -> None:
    node = ComputeNode("c1", "10.0.0.5", "server", "image", {"munge_key": "x"}, frozenset({"munge_key"}))
    assert node_variables(node, FORBIDDEN) == {"munge_key": "x"}

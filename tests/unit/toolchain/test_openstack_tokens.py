"""The OpenStack plugin serves every token of the installed Python package, and no other."""

import json
from collections import Counter

from tests.unit.toolchain import openstack_package
from toolchain.paths import REPOSITORY

TABLE = json.loads((REPOSITORY / "toolchain/plugins/cmd/pulumi-resource-openstack/tokens.json").read_text())

#: Second tokens for a resource or function that has moved since. They are deprecated, and no program of ours uses them.
MOVED = {
    "openstack:index/bgpvpnNetworkAssociateV2:BgpvpnNetworkAssociateV2",
    "openstack:index/bgpvpnPortAssociateV2:BgpvpnPortAssociateV2",
    "openstack:index/bgpvpnRouterAssociateV2:BgpvpnRouterAssociateV2",
    "openstack:index/bgpvpnV2:BgpvpnV2",
    "openstack:index/getFwGroupV2:getFwGroupV2",
    "openstack:index/getFwPolicyV2:getFwPolicyV2",
    "openstack:index/getFwRuleV2:getFwRuleV2",
    "openstack:index/lbFlavorprofileV2:LbFlavorprofileV2",
    "openstack:index/lbLoadbalancerV2:LbLoadbalancerV2",
    "openstack:index/workflowWorkflowV2:WorkflowWorkflowV2",
}


def test_every_resource_is_served() -> None:
    assert set(TABLE["resources"].values()) == openstack_package.resources().keys() - MOVED


def test_every_function_is_served() -> None:
    assert set(TABLE["functions"].values()) == openstack_package.functions().keys() - MOVED


def test_no_token_is_served_twice() -> None:
    tokens = Counter([*TABLE["resources"].values(), *TABLE["functions"].values()])
    assert [token for token, count in tokens.items() if count > 1] == []

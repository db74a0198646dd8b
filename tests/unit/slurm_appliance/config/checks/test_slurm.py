"""Slurm's accounts, partitions and options."""

import pytest

from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check, group

MISTAKES: list[Mistake] = [
    (
        {"users": {"alice": {"uid": 2001, "slurm_accounts": ["users", "nope"]}}},
        "users.alice.slurm_accounts[1]",
        "there is no account nope",
        "slurm.accounts",
    ),
    (
        {"slurm": {"accounts": {"hep": {"parent": "nope"}}}},
        "slurm.accounts.hep.parent",
        "there is no account nope",
        "slurm.accounts",
    ),
    (
        {"slurm": {"accounts": {"a": {"parent": "a"}}}},
        "slurm.accounts.a.parent",
        "a is below itself",
        "root",
    ),
    (
        {"compute": {"general": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["generl"]}}}},
        "slurm.partitions.p.groups[0]",
        "no compute group generl",
        "did you mean 'general'?",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": []}}}},
        "slurm.partitions.p.groups",
        "is empty",
        "name compute groups: a",
    ),
    ({"slurm": {"partitions": {"p": {"groups": []}}}}, "slurm.partitions.p.groups", "is empty", "until there is"),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a", "a"]}}}},
        "slurm.partitions.p.groups[1]",
        "a is in the list twice",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a"]}, "q": {"groups": ["a"]}}}},
        "slurm.partitions",
        "no partition is the default",
        "on one of them",
    ),
    (
        {
            "compute": {"a": group("c-0")},
            "slurm": {"partitions": {name: {"groups": ["a"], "default": True} for name in ("p", "q")}},
        },
        "slurm.partitions",
        "p and q are default partitions",
        "one of them only",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"Default": {"groups": ["a"]}}}},
        "slurm.partitions.Default",
        "keeps this name",
        "another name",
    ),
    ({"slurm": {"nodegroups": {"gpu": {}}}}, "slurm.nodegroups.gpu", "no compute group gpu", "nothing is allowed"),
    (
        {"slurm": {"options": {"resumetimeout": 60}}},
        "slurm.options.resumetimeout",
        "is set by the appliance",
        "it follows from: slurm.resume_timeout",
    ),
    ({"slurm": {"options": {"TreeWidth": 1, "treewidth": 2}}}, "slurm.options.treewidth", "set twice", "keep one"),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a"], "options": {"Nodes": "x"}}}}},
        "slurm.partitions.p.options.Nodes",
        "is set by the appliance",
        "groups",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"nodegroups": {"a": {"options": {"Gres": "gpu:1"}}}}},
        "slurm.nodegroups.a.options.Gres",
        "is set by the appliance",
        "gres",
    ),
    (
        {"slurm": {"options": {"SchedulerParametrs": "bf_window=2880"}}},
        "slurm.options.SchedulerParametrs",
        "no option that Slurm knows",
        "did you mean 'SchedulerParameters'?",
    ),
    (
        {"slurm": {"options": {"schedulerparameters": "bf_window=2880, bf_continue"}}},
        "slurm.options.schedulerparameters",
        "has a space in it",
        "without spaces: bf_window=2880,bf_continue",
    ),
    (
        {"slurm": {"options": {"SlurmctldPort": 7000}}},
        "slurm.options.SlurmctldPort",
        "cannot be set",
        "expect the usual port",
    ),
    (
        {"slurm": {"options": {"slurmdspooldir": "/srv/slurmd"}}},
        "slurm.options.slurmdspooldir",
        "is set by the appliance",
        "it follows from",
    ),
    (
        {"slurm": {"options": {"RealMemory": 1000}}},
        "slurm.options.RealMemory",
        "is an option of nodes, not of the cluster",
        "slurm.nodegroups.<group>.options",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"nodegroups": {"a": {"options": {"Wieght": 2}}}}},
        "slurm.nodegroups.a.options.Wieght",
        "no option that Slurm knows",
        "did you mean 'Weight'?",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_settings_of_slurm_that_do_not_go_together(mistake: Mistake) -> None:
    check(mistake)

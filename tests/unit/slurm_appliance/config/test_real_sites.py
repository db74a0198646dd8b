"""What real sites need: their stack files with what they lacked, and the table of it in docs/migration.md."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import from_stack_file
from tests.unit.clouds import EXAMPLE_ID, OTHER_ID
from tests.unit.slurm_appliance.config.leaf import merged
from tests.unit.slurm_appliance.config.test_cases import CASES, names_in
from toolchain.paths import REPOSITORY

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr ca"


def share(name: str, mount_point: str, *groups: str) -> dict[str, Any]:
    given = {"type": "cephfs", "share": name, "user": name, "mount_point": mount_point}
    return given | ({"groups": list(groups)} if groups else {})


def exported(name: str) -> dict[str, Any]:
    disk = {"type": "disk", "volume": name, "mount_point": f"/exports/{name}", "mode": "1777", "groups": ["control"]}
    return {f"{name}-disk": disk, name: {"type": "nfs", "export": f"/exports/{name}", "mount_point": f"/{name}"}}


DIRECTORY = {
    "uris": ["ldaps://ldap.example.org"],
    "base": "dc=example,dc=org",
    "bind_dn": "cn=slurm,dc=example,dc=org",
    "bind_password": {"secure": "v1:abc:def"},
    "access_groups": ["hpc"],
}
MEMLOCK = {"limits": {"memlock": "unlimited"}}

#: By stack: settings for what could not be said when it was written; what stays impossible is in LEFT.
COMPLETED: dict[str, dict[str, Any]] = {
    "baremetal-workshop": {**MEMLOCK},
    "bibigrid-hybrid": {},
    "caas-platform": {"filesystems": {"project": share("project", "/project")}, "monitoring_retention_size": "20GB"},
    "ci-standard": {
        "filesystems": {"share": share("share", "/mnt/share")},
        "tuned_profile": "hpc-compute",
        "identity": DIRECTORY,
    },
    "documented-gpu": {
        "chrony_server_options": ["iburst", "minpoll 8"],
        "filesystems": {
            "lustre": {
                "type": "lustre",
                "source": "192.0.2.21@tcp:/lustre",
                "lnet": "networks=tcp(eth1)",
                "mount_point": "/mnt/lustre",
            }
        },
    },
    "elasticluster-two-sizes": {},
    "federation-demo": {"login": {"entry": {"fip_addresses": [], "fip_pool": "external"}}},
    "galaxy-workers": {
        "filesystems": {
            "data": {"type": "nfs", "server": "192.0.2.41", "export": "/mnt/data", "mount_point": "/mnt/data"},
            "docker": {"type": "disk", "volume": "docker", "mount_point": "/mnt/docker", "groups": ["gpu"]},
        }
    },
    "jetstream-elastic": {},
    "lab-production": {},
    "lab-workshop": {},
    "magic-bioinformatics": {
        "control_extra_volumes": {"project": {"size": 100}, "scratch": {"size": 100}},
        "filesystems": {**exported("project"), **exported("scratch")},
        "slurm": {"qos": {"normal": {"options": {"MaxJobsPerUser": "100"}}}},
    },
    "magic-phoenix": {
        "control_extra_volumes": {"project": {"size": 100}, "scratch": {"size": 100}},
        "filesystems": {**exported("project"), **exported("scratch")},
        "login": {"entry": {"fip_pool": "external"}},
    },
    "rdma-production": {
        "control_ip_addresses": None,
        "control_port_ids": {"prod-internal": EXAMPLE_ID, "rdma-60": OTHER_ID},
        "control_security_group_ids": ["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"],
        "filesystems": {
            "scratch-disk": {
                "type": "disk",
                "device": "/dev/nvme0n1",
                "mount_point": "/exports/scratch",
                "mode": "1777",
                "groups": ["control"],
            },
            "scratch": {"type": "nfs", "export": "/exports/scratch", "mount_point": "/scratch", "rdma": True},
        },
        **MEMLOCK,
    },
    "two-networks": {
        "control_extra_networks": [{"network": "outside"}],
        "vnic_profiles": {"outside": '{"capabilities": ["switchdev"]}'},
        "proxy": {"http": "http://squid.example.org:3128"},
    },
    "uni-a-dev": {
        "login": {"interactive": {"fip_pool": "external"}},
        "filesystems": {"home": share("home", "/home", "control", "interactive", "general")},
    },
    "uni-a-production": {
        "filesystems": {
            "home": share("home", "/home"),
            "data": share("data", "/data"),
            "apps": share("apps", "/apps"),
        },
        "identity": {**DIRECTORY, "type": "freeipa"},
        "proxy": {"http": "http://squid.example.org:3128", "username": "a", "password": "b"},
        "tuned_profile": "hpc-compute",
        **MEMLOCK,
    },
    "uni-b-production": {
        "filesystems": {name: share(name, f"/{name}") for name in ("home", "scratch", "projects", "tools")},
        "identity": DIRECTORY,
        "sshd": {
            "allow_groups": ["hpc"],
            "trusted_user_ca": [KEY],
            "match": "Match Group hpc\n    X11Forwarding yes\n",
        },
        "resolv_conf": {"servers": ["192.0.2.53"], "search": ["example.org"]},
        "server_groups": {"infrastructure": {"policy": "soft-affinity"}},
        "control_server_group": "infrastructure",
        "control_hypervisor_hostname": "hypervisor-1",
        "tuned_profile": "hpc-compute",
        "motd": "Welcome\n",
        **MEMLOCK,
    },
}

#: What several inputs need: how many, and where it is here; None: it is not.
NEEDS: dict[str, tuple[int, str | None]] = {
    "no ssh to compute nodes without a job, memlock limit": (15, "features.pam_slurm; limits"),
    "Grafana, log search": (
        14,
        "Grafana by [an image and a hook](operations.md#grafana-on-a-server-of-the-cluster), log search is not here",
    ),
    "Alertmanager": (14, "monitoring_alertmanagers"),
    "a second shared file system: Manila, NFS, RDMA": (12, "filesystems"),
    "own playbooks in site.yml and in the image build": (11, "the site's own layer"),
    "EESSI (CVMFS), with squid": (10, None),
    "a web portal, passwords for it": (8, None),
    "LDAP, FreeIPA, sssd": (7, "identity"),
    "HTTP proxy, with a login": (7, "proxy"),
    "one layer for several environments": (7, "the site's own layer"),
    "GPUs: gres.conf and autodetection": (6, "slurm.nodegroups.<group>.gres_autodetect"),
    "group names with hyphens": (4, "compute"),
    "a floating IP from a pool": (4, "login.<group>.fip_pool"),
    "elastic nodes": (4, None),
    "tuned, sssd, cacerts, mounts when compute nodes boot": (4, "tuned_profile; identity; cacerts; filesystems"),
    "topology.conf": (3, "slurm.topology; slurm.files"),
    "binding profiles, port security off": (3, "vnic_profiles; cluster_networks[].no_port_security"),
    "QOS and accounts": (3, "slurm.qos; slurm.accounts"),
    "a control node that is also a login or compute node": (3, None),
    "a hypervisor for a node": (2, "compute.<group>.hypervisor_hostname; control_hypervisor_hostname"),
    "a server group over control and login": (2, "server_groups"),
    "sshd: groups, Match, certificate authority": (2, "sshd"),
    "name servers and search domains": (2, "resolv_conf"),
    "the control node's own security groups": (2, "control_security_group_ids"),
    "monitoring retention by size": (2, "monitoring_retention_size"),
    "mpi.conf, job_container.conf": (2, "slurm.files"),
    "a network for the control node alone": (1, "control_extra_networks"),
    "a root volume for the control node alone": (1, "control_volume_backed"),
    "ports that exist already": (1, "control_port_ids; login.<group>.port_ids"),
}
#: Why these are not here.
LEFT = {
    "EESSI (CVMFS), with squid": "by hooks",
    "a web portal, passwords for it": "by hooks",
    "elastic nodes": "nodes are added and removed in the stack file",
    "a control node that is also a login or compute node": "users get no shell where the cluster's keys are",
}


def completed(name: str) -> dict[str, Any]:
    document = yaml.safe_load((CASES / "sites" / f"{name}.yaml").read_text())
    more = {f"slurm-appliance:{key}": value for key, value in COMPLETED[name].items()}
    config = merged(document["config"], more)
    return {"config": {key: value for key, value in config.items() if value is not None}}


def test_every_stack_is_looked_at() -> None:
    # The literal one is a test of messages.
    assert set(COMPLETED) == set(names_in("sites")) - {"uni-a-literal"}


@pytest.mark.parametrize("name", COMPLETED)
def test_stacks_with_what_they_lacked(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump(completed(name)))
    from_stack_file(path)


def _here(need: str, where: str | None) -> str:
    if where is None:
        return f"not here: {LEFT[need]}"
    if " " in where.partition("; ")[0]:
        return where
    return ", ".join(f"`{each}`" for each in where.split("; "))


def table() -> str:
    rows = [f"| {count} | {need} | {_here(need, where)} |" for need, (count, where) in NEEDS.items()]
    return "\n".join(["| inputs | what they need | here |", "|---|---|---|", *rows])


def test_the_table_in_the_docs() -> None:
    page = (REPOSITORY / "docs" / "migration.md").read_text()
    assert page.partition("<!-- real sites -->\n")[2].partition("\n<!-- /real sites -->")[0] == table()


def test_what_is_left_has_a_reason() -> None:
    assert {need for need, (_, where) in NEEDS.items() if where is None} == set(LEFT)

"""sssd's and sshd's settings for a directory: on nodes with users, on the control node, with a password as it is."""

import configparser
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import from_mapping
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.site.inventory_settings import playbook_settings
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.paths import REPOSITORY

ROLES = REPOSITORY / "ansible/roles"
PASSWORD = "read {{ me }} #1 %(x)s"
_PLAYBOOK = f"""
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_vars: "{ROLES}/sssd/{{{{ item }}}}"
      loop: [vars/main.yml, vars/Debian.yml]
    - ansible.builtin.template:
        src: "{ROLES}/{{{{ item }}}}.conf.j2"
        dest: "{{{{ rendered }}}}/{{{{ item | basename }}}}.conf"
        mode: "0600"
      loop: [sssd/templates/sssd, sshd/templates/sshd]
"""


def rendered(
    folder: Path, let_in: bool = True, more: dict[str, Any] | None = None, password: str = PASSWORD, **settings: Any
) -> tuple[dict[str, str], str]:
    """The domain in sssd.conf, and sshd's file."""
    given = {"uris": ["ldaps://a", "ldaps://b"], "base": "dc=a", "access_groups": ["hpc", "staff"], **settings}
    config = from_mapping(
        smallest(identity={key: each for key, each in given.items() if each}, **(more or {})), "a test"
    )
    variables = {
        **yaml.safe_load((ROLES / "sshd/defaults/main.yml").read_text()),
        **playbook_settings(config),
        "rendered": str(folder),
        "deploy_user": "debian",
        "sssd_let_users_in": let_in,
        "sshd_let_users_in": let_in,
        "identity_bind_password": password,
    }
    (folder / "variables.yml").write_text(inventory_file.dump(variables))
    (folder / "playbook.yml").write_text(_PLAYBOOK)
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        "localhost,",
        str(folder / "playbook.yml"),
    ]
    ended = subprocess.run(
        [*command, "-e", f"@{folder}/variables.yml"],
        env={
            "ANSIBLE_LOCAL_TEMP": str(folder / "a"),
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    parsed = configparser.RawConfigParser()
    parsed.read(folder / "sssd.conf")
    return dict(parsed["domain/site"]), (folder / "sshd.conf").read_text()


def test_a_node_with_users(tmp_path: Path) -> None:
    domain, sshd = rendered(tmp_path, bind_dn="cn=r,dc=a", bind_password="x", ssh_keys="sshPublicKey")
    assert domain["ldap_uri"] == "ldaps://a, ldaps://b"
    assert domain["ldap_default_authtok"] == PASSWORD, "as it is, whatever it is made of"
    assert (domain["ldap_tls_reqcert"], domain["ldap_id_use_start_tls"]) == ("demand", "true")
    assert (domain["access_provider"], domain["simple_allow_groups"]) == ("simple", "hpc, staff")
    assert (domain["fallback_homedir"], domain["min_id"], domain["ldap_schema"]) == ("/home/%u", "1000", "rfc2307")
    first, _, matches = sshd.partition("Match Group cluster-admins")
    assert "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys" in first
    assert matches.count("AuthorizedKeysCommand none") == 2, "administrators, root and the deploy user"
    assert "Match User root,debian" in matches


def test_the_control_node_only_looks_users_up(tmp_path: Path) -> None:
    domain, sshd = rendered(tmp_path, let_in=False, ssh_keys="sshPublicKey")
    assert domain["access_provider"] == "deny"
    assert "AuthorizedKeysCommand" not in sshd
    assert "ldap_default_bind_dn" not in domain


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"type": "freeipa"}, {"ldap_schema": "ipa"}),
        ({"home_directory": "/h/%u"}, {"override_homedir": "/h/%u"}),
        ({"options": {"min_id": 500, "ldap_user_name": "sn"}}, {"min_id": "500", "ldap_user_name": "sn"}),
        ({"user_base": "ou=p,dc=a", "start_tls": "false"},
         {"ldap_user_search_base": "ou=p,dc=a", "ldap_id_use_start_tls": "false"}),
    ],
)  # fmt: skip
def test_settings(tmp_path: Path, settings: dict[str, Any], expected: dict[str, str]) -> None:
    domain, _ = rendered(tmp_path, **settings)
    assert expected.items() <= domain.items()


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="needs sshd")
def test_sshd_takes_what_the_site_adds(tmp_path: Path) -> None:
    site = {"allow_groups": ["hpc"], "match": "Match User dora\n    X11Forwarding no\n"}
    _, text = rendered(tmp_path, more={"sshd": site})
    assert "AllowGroups root cluster-admins debian hpc" in text
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "whole").write_text(f"HostKey {key}\n{text}")
    checked = subprocess.run(
        ["/usr/sbin/sshd", "-t", "-f", str(tmp_path / "whole")], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    _, on_control = rendered(tmp_path, let_in=False, more={"sshd": site})
    assert "AllowGroups" not in on_control
    assert "Match User dora" not in on_control

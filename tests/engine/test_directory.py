"""sssd with the role's settings against a real slapd, in a copy of this machine's root that is gone afterwards."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.directory import BASE, BIND_DN, BIND_PASSWORD, serving
from tests.unit.ansible.test_sssd_role import rendered
from toolchain.paths import REPOSITORY

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts file systems, and runs sssd, as root"),
]
PORT = 13890
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"

#: Makes the copy: an overlay in a mount namespace of its own.
_OUTSIDE = """\
set -eu
mount -t tmpfs tmpfs "$COPY"
mkdir "$COPY/upper" "$COPY/work" "$COPY/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$COPY/upper,workdir=$COPY/work" "$COPY/root"
mount -t proc proc "$COPY/root/proc"
mount --bind /dev "$COPY/root/dev"
mkdir -p "$COPY/root/etc/sssd" "$COPY/root/srv/test/homes"
install -m 600 "$SETTINGS" "$COPY/root/srv/test/sssd.conf"
cp "$AUTHORITY" "$COPY/root/usr/local/share/ca-certificates/directory.crt"
cp -rL "$PROGRAM" "$COPY/root/srv/test/program"
printf '%s' "$INSIDE" > "$COPY/root/srv/test/inside"
exec chroot "$COPY/root" sh /srv/test/inside
"""
_INSIDE = """\
exec 3>&1 >/srv/test/log 2>&1
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update || true
apt-get install --yes --no-install-recommends sssd-ldap libnss-sss libpam-sss sssd-tools
update-ca-certificates
install -m 600 /srv/test/sssd.conf /etc/sssd/sssd.conf
sssctl config-check >&3
echo 'account required pam_sss.so' > /etc/pam.d/site
pam-auth-update --package --enable sss mkhomedir
grep --quiet pam_mkhomedir /etc/pam.d/common-session
sssd --interactive &
for second in $(seq 30); do id dora && break; sleep 1; done
for name in dora eve root; do echo "$name $(id -u $name) $(id -gn $name)" >&3; done
echo "keys: $(sss_ssh_authorizedkeys dora) / $(sss_ssh_authorizedkeys root)" >&3
for name in dora eve; do
    sssctl user-checks -a acct -s site $name 2>&1 | grep pam_acct_mgmt: | sed "s/^/$name /" >&3
done
request='{"groups": ["hpc", "no-such-group"], "homes": "/home", "cluster": "", "account": "users"}'
for run in 1 2; do echo "$request" | /usr/bin/python3 -I /srv/test/program directory >&3; done
stat --format='%U %G %a' /home/dora >&3
"""


def test_sssd_finds_users_and_lets_in_whom_it_should(tmp_path: Path) -> None:
    served, made, copy = tmp_path / "served", tmp_path / "made", tmp_path / "copy"
    for folder in (served, made, copy):
        folder.mkdir()
    with serving(served, "127.0.0.1", PORT, KEY) as directory:
        settings: dict[str, Any] = {"uris": [directory.uri], "base": BASE, "bind_dn": BIND_DN, "bind_password": "x"}
        rendered(made, password=BIND_PASSWORD, access_groups=["hpc"], ssh_keys="sshPublicKey", **settings)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "COPY": str(copy),
            "SETTINGS": str(made / "sssd.conf"),
            "AUTHORITY": str(served / "authority.pem"),
            "PROGRAM": str(REPOSITORY / "ansible/roles/accounts/files/program"),
            "INSIDE": _INSIDE,
        }
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _OUTSIDE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    said = [line.strip() for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Issues identified by validators: 0" in said
    assert {"dora 3001 hpc", "eve 3002 others", "root 0 root"} <= set(said), "root is nobody of the directory"
    assert f"keys: {KEY.rpartition(' ')[0]} somebody /" in said
    assert "dora pam_acct_mgmt: Success" in said
    assert "eve pam_acct_mgmt: Permission denied" in said
    assert '{"changes": ["made the home directory of dora"]}' in said
    assert '{"changes": []}' in said, "a second run changes nothing"
    assert said[-1] == "dora hpc 700"

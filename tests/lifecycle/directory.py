"""A real slapd for tests, with TLS and a few users; its packages are unpacked, not installed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.engine.cloud_fixtures import wait_until

_PACKAGES = ("slapd", "libltdl7", "libodbc2")
BASE = "dc=example,dc=org"
BIND_DN, BIND_PASSWORD = f"cn=reader,{BASE}", "read {{ me }} #1"

_CONF = """\
include {root}/etc/ldap/schema/core.schema
include {root}/etc/ldap/schema/cosine.schema
include {root}/etc/ldap/schema/nis.schema
include {root}/etc/ldap/schema/inetorgperson.schema
attributetype (1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40)
objectclass (1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY (sshPublicKey $ uid))
modulepath {root}/usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/authority.pem
security simple_bind=112
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
directory {folder}/data
access to * by dn.exact="{reader}" read by anonymous auth by * none
"""

_HEAD = """\
dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {reader}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {password}

dn: cn=hpc,{base}
objectClass: posixGroup
cn: hpc
gidNumber: 3000
memberUid: dora

dn: cn=others,{base}
objectClass: posixGroup
cn: others
gidNumber: 3005
memberUid: eve

"""

_USER = """\
dn: uid={name},{base}
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: ldapPublicKey
cn: {name}
sn: {name}
uid: {name}
uidNumber: {uid}
gidNumber: {gid}
homeDirectory: /home/{name}
loginShell: /bin/bash
sshPublicKey: {key}

"""


@dataclass(frozen=True)
class Slapd:
    """A running slapd.

    Attributes:
        uri: its address.
        authority: the certificate that its own is signed by.
    """

    uri: str
    authority: str

    @property
    def settings(self) -> dict[str, Any]:
        """What a cluster needs to use it: members of hpc may log in."""
        identity = {
            "uris": [self.uri],
            "base": BASE,
            "bind_dn": BIND_DN,
            "bind_password": BIND_PASSWORD,
            "access_groups": ["hpc"],
            "ssh_keys": "sshPublicKey",
        }
        return {"cacerts": [self.authority], "identity": identity}


@contextmanager
def serving(folder: Path, address: str, port: int, key: str) -> Iterator[Slapd]:
    """A slapd while this lasts.

    Users: dora and eve, both with the ssh key, dora in the group hpc; and root, which no node must take over.

    Args:
        folder: an empty folder for its files.
        address: where it listens.
        port: on which port.
        key: the users' public ssh key.
    """
    root = _unpacked(folder)
    authority = _certificates(folder, address)
    (folder / "data").mkdir()
    conf, ldif = folder / "slapd.conf", folder / "data.ldif"
    conf.write_text(_CONF.format(root=root, folder=folder, base=BASE, reader=BIND_DN))
    users = {"dora": (3001, 3000), "eve": (3002, 3005), "root": (3003, 3005)}
    entries = "".join(
        _USER.format(name=name, uid=uid, gid=gid, base=BASE, key=key) for name, (uid, gid) in users.items()
    )
    ldif.write_text(_HEAD.format(base=BASE, reader=BIND_DN, password=BIND_PASSWORD) + entries)
    libraries = root / "usr/lib/x86_64-linux-gnu"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    slapd = str(root / "usr/sbin/slapd")
    subprocess.run([slapd, "-T", "add", "-f", str(conf), "-l", str(ldif)], env=environment, check=True)
    uri = f"ldap://{address}:{port}"
    log = folder / "slapd.log"
    with (
        log.open("w") as file,
        subprocess.Popen([slapd, "-d", "stats", "-h", uri, "-f", str(conf)], env=environment, stderr=file) as process,
    ):
        try:
            wait_until("slapd to listen", lambda: "slapd starting" in log.read_text(), 30, 0.1)
            yield Slapd(uri, authority)
        finally:
            process.terminate()


def _unpacked(folder: Path) -> Path:
    root, packages = folder / "root", folder / "packages"
    packages.mkdir()
    # apt drops its rights for downloads where it can.
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "download", *_PACKAGES]
    subprocess.run(command, cwd=packages, check=True, stdout=subprocess.DEVNULL)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    return root


def _certificates(folder: Path, address: str) -> str:
    """Write the server's key and certificate; return its authority's."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Directory", address)]
    now = datetime.now(tz=UTC)
    made = []
    for number, (key, name) in enumerate(zip(keys, names, strict=True)):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        )
        if number:
            there = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(there, critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    private = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for file, content in (("authority.pem", made[0]), ("server.pem", made[1]), ("server.key", private)):
        (folder / file).write_bytes(content)
    return made[0].decode()

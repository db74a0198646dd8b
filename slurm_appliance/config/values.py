"""The one-line types that settings are made of."""

import ipaddress
import json
import re
from typing import Annotated
from urllib.parse import urlsplit

from slurm_appliance.config.hostlist import is_hostlist
from slurm_appliance.config.kinds import ScalarAsText, SlurmScalar, Text, TrueFalse, Whole
from slurm_appliance.config.secret import Secret, SecretText
from slurm_appliance.config.secret_forms import (
    MOST_OF_BCRYPT,
    is_ceph_key,
    is_mirror_password,
    is_mirror_word,
    is_monitoring_password,
    is_munge_key,
    is_password,
    is_proxy_user,
    is_proxy_word,
    is_slurm_password,
)
from slurm_appliance.config.template import fill, is_node_name_template

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME_RULE = "lower-case letters, digits and hyphens, a letter first"


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=True)
    except ValueError:
        return False
    return "/" in text and "%" not in text


def _is_proxy_exception(text: str) -> bool:
    return (
        _is_ip_address(text)
        or _is_cidr(text)
        or re.fullmatch(r"\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", text) is not None
    )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _is_url_template(text: str) -> bool:
    return _is_url(fill(text, {"mirror": "http://mirror", "snapshot": "snapshot"}))


def fits_in_slurm(time: str) -> bool:
    """Whether a time limit, as Slurm writes it, is one that Slurm can count: its seconds have 31 bits."""
    if not time[0].isdigit():
        return True
    days, dash, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    units = (3600, 60, 1) if dash or len(parts) == 3 else (60, 1)
    seconds = sum(part * unit for part, unit in zip(parts, units, strict=False))
    return int(days or 0) * 86400 + seconds < 2**31 - 86400


def is_ldap_filter(text: str) -> bool:
    """Whether parentheses of a filter pair up, outside of escapes, which have none."""
    depth = 0
    for number, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0 or (depth == 0 and number < len(text) - 1):
            return False
    return depth == 0 and text.isprintable()


def is_json_object(text: str) -> bool:
    """Whether it is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def is_home_template(text: str) -> bool:
    """Whether it has the user's name, and no other template of sssd's."""
    return text.count("%u") == 1 and text.count("%") == 1


Flag = Annotated[bool, TrueFalse()]
Gigabytes = Annotated[int, Whole(1, 1_000_000, "GB")]
Seconds = Annotated[int, Whole(1, 7 * 24 * 3600, "seconds")]
#: Slurm keeps such numbers in 16 bits, the last two values of which stand for others.
SlurmSeconds = Annotated[int, Whole(1, 65533, "seconds")]
#: More would make each run of site.yml wait for it.
FollowSeconds = Annotated[int, Whole(1, 300, "seconds")]
Port = Annotated[int, Whole(1, 65535)]
Mtu = Annotated[int, Whole(576, 9216, "bytes")]
#: Below 1000 are the accounts of the system; the largest is what every program can hold.
UserId = Annotated[int, Whole(1001, 2**31 - 2)]
GroupId = Annotated[int, Whole(100, 2**31 - 2)]
Megabytes = Annotated[int, Whole(1, 100_000_000, "MB")]
Nodes = Annotated[int, Whole(1, 10_000, "nodes")]
Failures = Annotated[int, Whole(1, 10_000, "failures")]
Parallelism = Annotated[int, Whole(1, 200, "nodes at once")]
NfsConnections = Annotated[int, Whole(1, 16, "connections")]
Percent = Annotated[int, Whole(1, 100, "percent")]

#: Names and free text: one line, nothing that could break out of a file that it is written to.
Line = Annotated[str, Text("a line of text", "printable characters, no line break, no space at either end",
                           r"\S(?:.*\S)?", str.isprintable)]  # fmt: skip
CloudName = Annotated[str, Text("a name in OpenStack", "the name as OpenStack shows it, at most 255 characters",
                                r"\S(?:.*\S)?", str.isprintable)]  # fmt: skip
Uuid = Annotated[str, Text("an id in OpenStack", "an id as OpenStack shows it, 8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11",
                           r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]  # fmt: skip

ClusterName = Annotated[str, Text("a cluster name", f"{_NAME_RULE}, at most 40",
                                  r"[a-z](?:[a-z0-9-]*[a-z0-9])?", max_length=40)]  # fmt: skip
EnvironmentName = Annotated[str, Text("an environment name", "letters, digits, '_', '-' and '.', at most 100",
                                      r"[A-Za-z0-9_][A-Za-z0-9_.-]*", max_length=100)]  # fmt: skip
DomainSuffix = Annotated[str, Text("a domain", "host names joined by dots: internal, hpc.example.org",
                                   rf"{_LABEL}(?:\.{_LABEL})*", max_length=190)]  # fmt: skip
NodeNameTemplate = Annotated[str, Text("a template for node names", "a domain name with ${node} in its first part, and "
                                       "${cluster_name}, ${cluster_domain_suffix}, ${environment_name} where wanted",
                                       accepts=is_node_name_template)]  # fmt: skip
Hostlist = Annotated[str, Text("a node name or a Slurm host list", "c-0, or c-[0-15,20] or rack[0-1]n[0-3] for many: "
                               "lower-case letters, digits and hyphens; both ends of a padded range have the same "
                               "width ([00-05]), brackets do not touch other digits, at most 10000 nodes",
                               accepts=is_hostlist)]  # fmt: skip
GroupName = Annotated[str, Text("a group name", "lower-case letters, digits, '_' and '-', a letter first, at most 32",
                                r"[a-z][a-z0-9_-]*", max_length=32)]  # fmt: skip
Key = Annotated[str, Text("a name", f"{_NAME_RULE}, at most 40", r"[a-z](?:[a-z0-9-]*[a-z0-9])?",
                          max_length=40)]  # fmt: skip
VariableName = Annotated[str, Text("a variable name", "letters, digits and '_', no digit first",
                                   r"[A-Za-z_][A-Za-z0-9_]*")]  # fmt: skip

IpAddress = Annotated[str, Text("an IP address", "an address such as 10.0.0.10 or fd00::10",
                                accepts=_is_ip_address)]  # fmt: skip
Cidr = Annotated[str, Text("a network in CIDR notation", "network address and prefix length, 10.0.0.0/24 (no host "
                           "bits set)", accepts=_is_cidr)]  # fmt: skip
HostName = Annotated[str, Text("a host name or an IP address", "a name such as ntp.example.org, or an address",
                               r"[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?")]  # fmt: skip
Url = Annotated[str, Text("a web address", "http:// or https://, without user name and password (they have settings "
                          "of their own)", r"[!#-&(-\[\]-~]+", _is_url, max_length=2000)]  # fmt: skip
ProxyException = Annotated[str, Text("a place without a proxy", "a host name, a domain such as .example.org, an "
                                     "address or a network in CIDR notation", accepts=_is_proxy_exception)]  # fmt: skip
RepositoryUrl = Annotated[str, Text("a web address", "http:// or https://, or ${mirror} in their place, and "
                                    "${snapshot} where wanted", r"[!#-&(-\[\]-~]+", _is_url_template,
                                    max_length=2000)]  # fmt: skip

AbsolutePath = Annotated[str, Text("an absolute path", "starts with '/', no '..', only letters, digits and ._-/",
                                   r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._-]+)+", max_length=1000)]  # fmt: skip
MountOption = Annotated[str, Text("a mount option", "one option: noatime, timeo=100; no commas, spaces or quotes",
                                  r"[!#-&(-+\--\[\]-~]+")]  # fmt: skip
MountSource = Annotated[str, Text("what is mounted", "a path, or server:/name; no spaces, commas, quotes or '\\'",
                                  r"[!#-&(-+\--\[\]-~]+", max_length=1000)]  # fmt: skip
DevicePath = Annotated[str, Text("a disk", "a path below /dev: /dev/nvme0n1, /dev/disk/by-id/...",
                                 r"/dev(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._:-]+)+", max_length=500)]  # fmt: skip
TmpfsSize = Annotated[str, ScalarAsText(), Text("a size in memory", "8G, 512M, or 50% of the memory",
                                                r"[1-9][0-9]{0,8}[kKmMgG]|(?:[1-9][0-9]?|100)%")]  # fmt: skip
FileMode = Annotated[str, ScalarAsText(), Text("permissions", "three or four octal digits in quotes: \"1777\"",
                                               r"[0-7]{3,4}")]  # fmt: skip
FilePath = Annotated[str, Text("a path to a file", "a path, absolute, from '~' or from the project's folder",
                               r".+", str.isprintable, max_length=1000)]  # fmt: skip
SysctlName = Annotated[str, Text("a kernel parameter", "its name as sysctl has it: vm.swappiness, no wildcard",
                                 r"[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_:@-]+)+")]  # fmt: skip
SysctlValue = Annotated[str, ScalarAsText(), Text("a value of a kernel parameter", "a number, or a line of text",
                                                  r"\S(?:.*\S)?", str.isprintable)]  # fmt: skip
CaCertificates = Annotated[str, Text("certificates", "PEM text, or a path, absolute, from '~' or from the project's "
                                     "folder", r"[^\x00-\x08\x0b-\x1f\x7f]+", max_length=300_000)]  # fmt: skip
LdapUri = Annotated[str, Text("an address of a directory", "ldaps://HOST, or ldap://HOST, with :PORT where wanted",
                              r"ldaps?://(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])"
                              r"(?::[0-9]{1,5})?/?")]  # fmt: skip
LdapDn = Annotated[str, Text("a place in a directory", "names joined by commas: ou=people,dc=example,dc=org",
                             r"[A-Za-z][A-Za-z0-9.-]*=[^,=]+(?:,\s*[A-Za-z][A-Za-z0-9.-]*=[^,=]+)*",
                             str.isprintable, max_length=1000)]  # fmt: skip
LdapFilter = Annotated[str, Text("an LDAP filter", "in parentheses: (memberOf=cn=hpc,ou=groups,dc=example,dc=org)",
                                 r"\(.+\)", is_ldap_filter, max_length=2000)]  # fmt: skip
HomeTemplate = Annotated[str, Text("a path of home directories", "an absolute path with %u: /home/%u",
                                   r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._%-]+)+", is_home_template)]  # fmt: skip
LimitItem = Annotated[str, Text("a limit", "its name in limits.conf: memlock, nofile, stack, nproc, ...",
                                "as|core|cpu|data|fsize|locks|maxlogins|maxsyslogins|memlock|msgqueue|nice|nofile|nproc|"
                                "priority|rss|rtprio|sigpending|stack")]  # fmt: skip
LimitValue = Annotated[str, ScalarAsText(), Text("a value of a limit", "a number, or unlimited",
                                                 r"unlimited|-?[0-9]{1,18}")]  # fmt: skip
TunedProfile = Annotated[str, Text("a profile of tuned", "as tuned-adm list shows it: throughput-performance",
                                   r"[A-Za-z0-9][A-Za-z0-9._-]*(?: [A-Za-z0-9][A-Za-z0-9._-]*)*")]  # fmt: skip
DomainName = Annotated[str, Text("a domain", "host names joined by dots: hpc.example.org",
                                 rf"{_LABEL}(?:\.{_LABEL})*", max_length=253)]  # fmt: skip
ChronyOption = Annotated[str, Text("an option of chrony's server lines", "a word such as iburst or a pair such as "
                                   "minpoll 4", r"[a-z]+(?: [A-Za-z0-9.-]+)?")]  # fmt: skip
BindingProfile = Annotated[str, Text("a binding profile", "a JSON object: {\"capabilities\": [\"switchdev\"]}",
                                     r"\{[^\x00-\x1f]*\}", is_json_object, max_length=2000)]  # fmt: skip
SssdOption = Annotated[str, Text("an option of sssd.conf", "a name such as ldap_user_name", r"[a-z][a-z0-9_]*")]
SssdValue = Annotated[str, ScalarAsText(), Text("a value of sssd.conf", "a line of text, a number, true or false",
                                                r"\S(?:.*\S)?", str.isprintable, max_length=2000)]  # fmt: skip
UserName = Annotated[str, Text("a user name", "letters, digits and '._-', a letter or '_' first, no '.' at the end, at "
                               "most 32", r"[A-Za-z_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?", max_length=32)]  # fmt: skip
SshPublicKey = Annotated[str, Text("an OpenSSH public key", "a line such as 'ssh-ed25519 AAAA… name@host', the "
                                   "content of a .pub file", r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|"
                                   r"sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)"
                                   r" [A-Za-z0-9+/]+={0,3}(?: .*)?", str.isprintable, max_length=4096)]  # fmt: skip
PackageName = Annotated[str, Text("a package name", "a name as apt or dnf takes it, with '=VERSION' or '-VERSION' "
                                  "where one is wanted", r"[A-Za-z0-9][A-Za-z0-9.+_:~=-]*")]  # fmt: skip
Snapshot = Annotated[str, Text("a snapshot's name", "the time stamp in the mirror's paths, such as 20261123T031500",
                               r"[A-Za-z0-9][A-Za-z0-9._-]*", max_length=64)]  # fmt: skip

SlurmTime = Annotated[str, Text("a Slurm time limit", "minutes, hours:minutes:seconds, days-hours, at most "
                                "24854 days, or UNLIMITED",
                                r"[0-9]{1,7}(?::[0-9]{2}){0,2}|[0-9]{1,5}-[0-9]{1,2}(?::[0-9]{2}){0,2}|UNLIMITED|"
                                r"INFINITE", fits_in_slurm)]  # fmt: skip
SlurmValue = Annotated[str, SlurmScalar(), Text("a value for slurm.conf", "a text without '#', quotes and '\\', a "
                                                "number, true or false", r'[^\s#"\\](?:[^#"\\]*[^\s#"\\])?',
                                                str.isprintable, max_length=4000)]  # fmt: skip
SlurmOption = Annotated[str, Text("an option of slurm.conf", "a name such as SchedulerParameters",
                                  r"[A-Za-z][A-Za-z0-9]*", max_length=64)]  # fmt: skip
PartitionName = Annotated[str, Text("a partition name", "letters, digits and '_.-', at most 64",
                                    r"[A-Za-z0-9_][A-Za-z0-9_.-]*", max_length=64)]  # fmt: skip
SlurmWord = Annotated[str, Text("a word of slurm.conf", "letters, digits and ._:-, no spaces",
                                r"[A-Za-z0-9._:/()*-]+")]  # fmt: skip
SlurmFileName = Annotated[str, Text("the name of a file in /etc/slurm", "letters, digits and ._-, a letter first",
                                    r"[A-Za-z][A-Za-z0-9._-]*", max_length=100)]  # fmt: skip
FileText = Annotated[str, Text("the text of a file", "text, at most 64000 characters",
                               r"[^\x00-\x08\x0b-\x1f\x7f]*", max_length=64_000)]  # fmt: skip
DeviceFiles = Annotated[str, Text("device files", "a path below /dev, with a range where there are several: "
                                  "/dev/nvidia[0-3]", r"/dev/[A-Za-z0-9._/,\[\]-]+", max_length=500)]  # fmt: skip
PropertyValue = Annotated[str, ScalarAsText(), Text("a value of an image property", "a line of text, a number, true or "
                                                    "false", r".+", str.isprintable)]  # fmt: skip
PropertyName = Annotated[str, Text("the name of an image property", "letters, digits and _:.-",
                                   r"[A-Za-z0-9][A-Za-z0-9_:.-]*")]  # fmt: skip
#: How many nodes may be away: a number, or a share of those at hand.
Budget = Annotated[str, ScalarAsText(), Text("a number of nodes or a percentage", "3, or 25%",
                                             r"[1-9][0-9]{0,4}|(?:[1-9][0-9]?|100)%")]  # fmt: skip
RetentionSize = Annotated[str, Text("an amount of data", "a number and MB, GB or TB: 20GB",
                                    r"[1-9][0-9]{0,5}(?:MB|GB|TB)")]  # fmt: skip
Retention = Annotated[str, Text("a length of time", "a number and h, d, w or y: 30d", r"[1-9][0-9]{0,4}[hdwy]")]

CloudConfig = Annotated[str, Text("a piece of cloud-config", "YAML text, at most 16000 characters",
                                  r"[^\x00-\x08\x0b-\x1f\x7f]*", max_length=16_000)]  # fmt: skip

_PRINTABLE_RULE = "8 to 4096 printable characters, no space at either end"
_MIRROR_RULE = "no spaces, which apt's files cannot hold, and no '$' before a letter or '{', which is a variable to dnf"
Password = Annotated[Secret, SecretText("a password", _PRINTABLE_RULE, is_password)]
DatabasePassword = Annotated[Secret, SecretText("a password", f"{_PRINTABLE_RULE}; no double quotes beside spaces or "
                                                "around it, which slurmdbd.conf cannot hold",
                                                is_slurm_password)]  # fmt: skip
MonitoringPassword = Annotated[Secret, SecretText("a password", f"{_PRINTABLE_RULE}; at most {MOST_OF_BCRYPT} bytes in "
                                                  "UTF-8, since Prometheus would ignore the others",
                                                  is_monitoring_password)]  # fmt: skip
MirrorPassword = Annotated[Secret, SecretText("a password", f"{_PRINTABLE_RULE}; {_MIRROR_RULE}", is_mirror_password)]
MirrorUser = Annotated[str, Text("a user name at a mirror", f"printable characters without a colon; {_MIRROR_RULE}",
                                 r"[^:\s]+", is_mirror_word)]  # fmt: skip
ProxyUser = Annotated[Secret, SecretText("a user name at a proxy", "printable characters without ':', no space at "
                                         "either end", is_proxy_user)]  # fmt: skip
ProxyPassword = Annotated[Secret, SecretText("a password at a proxy", "printable characters, no space at either end",
                                             is_proxy_word)]  # fmt: skip
CephKey = Annotated[Secret, SecretText("a key of Ceph", "base64, as 'ceph auth get-key' prints it", is_ceph_key)]
LdapPassword = Annotated[
    Secret, SecretText("a password", "printable characters, no space at either end", is_proxy_word)
]
MungeKey = Annotated[Secret, SecretText("a munge key", "base64 of 32 to 1024 random bytes, as 'head -c 128 "
                                        "/dev/urandom | base64 -w 0' prints it", is_munge_key)]  # fmt: skip
SigningKey = Annotated[Secret, SecretText("a signing key", "base64 of 32 random bytes",
                                          lambda text: bool(re.fullmatch(r"[A-Za-z0-9+/]{43}=", text)))]  # fmt: skip

"""apt and dnf as a build server has them: real installs into a root folder of their own, signatures checked."""

from pathlib import Path

from tests.engine.mirror.packages import call

_APT = """\
Dir "{root}";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Etc::trustedparts "{root}/etc/apt/trusted.gpg.d";
DPkg::Options {{ "--root={root}"; "--log=/dev/null"; }};
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "root";
"""

_SOURCE = """\
Types: deb
URIs: {url}
Suites: stable
Components: main
Signed-By: {key}
"""

_REPO = """\
[site]
name=site
baseurl={url}
gpgcheck=1
repo_gpgcheck=1
gpgkey=file://{key}
"""


def apt_install(root: Path, url: str, key: Path, package: str) -> str:
    """Install a package from a snapshot into a root folder; the version that it brought."""
    for folder in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d"):
        (root / folder).mkdir(parents=True)
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/apt/lists/partial"):
        (root / folder).mkdir(parents=True)
    for folder in ("var/cache/apt/archives/partial", "var/log/apt"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "etc/apt/sources.list.d/site.sources").write_text(_SOURCE.format(url=url, key=key))
    configuration = root / "apt.conf"
    configuration.write_text(_APT.format(root=root))
    environment = {"APT_CONFIG": str(configuration), "DEBIAN_FRONTEND": "noninteractive"}
    call("apt-get", "--error-on=any", "update", environment=environment)
    call("apt-get", "install", "--yes", package, environment=environment)
    return (root / "usr/share" / package / "version").read_text().strip()


def dnf_install(root: Path, url: str, key: Path, package: str) -> str:
    """Install a package from a snapshot into a root folder; the version that it brought."""
    (root / "repos").mkdir(parents=True)
    (root / "repos/site.repo").write_text(_REPO.format(url=url, key=key))
    (root / "log").mkdir()
    (root / "gpg").mkdir(mode=0o700)
    settings = {"reposdir": root / "repos", "cachedir": root / "cache", "logdir": root / "log"}
    options = [f"--setopt={name}={value}" for name, value in settings.items()]
    environment = {"GNUPGHOME": str(root / "gpg")}
    call(
        "dnf", "--assumeyes", f"--installroot={root}/tree", "--releasever=9", *options, "install", package,
        environment=environment,
    )  # fmt: skip
    return (root / "tree/usr/share" / package / "version").read_text().strip()

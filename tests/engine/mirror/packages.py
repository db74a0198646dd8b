"""Small real packages and the key that signs them, made by Debian's own tools."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from toolchain.apt import install

#: Debian packages whose programs the tests need.
TOOLS = {
    "apt-ftparchive": "apt-utils",
    "createrepo_c": "createrepo-c",
    "dnf": "dnf",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "rpmbuild": "rpm",
}

_SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: A package of the tests
License: Apache-2.0
BuildArch: noarch

%description
A package of the tests.

%install
mkdir -p %{{buildroot}}/usr/share/{name}
echo {version} > %{{buildroot}}/usr/share/{name}/version

%files
/usr/share/{name}/version
"""


def install_tools() -> None:
    """Install what of the tools is missing."""
    if missing := [package for program, package in TOOLS.items() if shutil.which(program) is None]:
        install(missing)


def call(*command: str | Path, environment: dict[str, str] | None = None, stdin: str | None = None) -> str:
    """Run a program, return what it printed; what it complained about stands in the test's failure."""
    ended = subprocess.run(
        [str(word) for word in command],
        check=False,
        text=True,
        input=stdin,
        capture_output=True,
        env={**os.environ, **(environment or {})},
    )
    assert ended.returncode == 0, f"{' '.join(map(str, command))}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@dataclass(frozen=True)
class SigningKey:
    """A throw-away OpenPGP key in a keyring of its own."""

    home: Path

    @classmethod
    def make(cls, home: Path) -> "SigningKey":
        home.mkdir(mode=0o700, parents=True)
        key = cls(home)
        key.gpg("--quick-generate-key", "Mirror tests <mirror@example.org>", "rsa2048", "sign", "never")
        return key

    def gpg(self, *arguments: str | Path, stdin: str | None = None) -> str:
        options = ("--batch", "--yes", "--no-tty", "--pinentry-mode=loopback", "--passphrase=")
        return call("gpg", "--homedir", self.home, *options, *arguments, stdin=stdin)

    @property
    def public(self) -> str:
        """The public key, armored."""
        return self.gpg("--armor", "--export")

    def stop_agent(self) -> None:
        """End the agent that gpg left running for this keyring."""
        call("gpgconf", "--homedir", self.home, "--kill", "all")


def make_deb(folder: Path, name: str, version: str) -> Path:
    """A .deb with one file that holds its version."""
    with TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: Mirror tests <mirror@example.org>\nDescription: A package of the tests\n"
        )
        content = tree / "usr/share" / name / "version"
        content.parent.mkdir(parents=True)
        content.write_text(f"{version}\n")
        for path in (tree, *tree.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        package = folder / f"{name}_{version}_all.deb"
        call("dpkg-deb", "--root-owner-group", "--build", tree, package)
    return package


def make_rpm(folder: Path, name: str, version: str, key: SigningKey) -> Path:
    """A signed .rpm with one file that holds its version."""
    package = folder / f"{name}-{version}-1.noarch.rpm"
    with TemporaryDirectory() as scratch:
        top = Path(scratch)
        spec = top / "package.spec"
        spec.write_text(_SPEC.format(name=name, version=version))
        defines = ("--define", f"_topdir {top}", "--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm")
        call("rpmbuild", "-bb", "--quiet", *defines, spec)
        shutil.move(top / "RPMS" / package.name, package)
    _sign_rpm(package, key)
    return package


def _sign_rpm(package: Path, key: SigningKey) -> None:
    defines: Sequence[str] = ("--define", f"_gpg_path {key.home}", "--define", "_gpg_name mirror@example.org")
    defines = (*defines, "--define", "__gpg /usr/bin/gpg")
    call("rpmsign", *defines, "--addsign", package)

"""Makes RPM packages of Debian packages. Runs in the workshop, with its Python: convert.py PLAN DEBS REPOSITORIES.

The plan is JSON (plan.py). Packages get the files and the needs of Debian's; of their maintainer scripts only what the
plan and the patterns here say is kept: users, alternatives, owners of folders.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

#: Nothing of packages that no test reads.
_LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/share/locale", "etc/init.d")
_ALTERNATIVES = re.compile(r"update-alternatives\s+(?:--quiet\s+|--force\s+)?\\?\s*--install(?:[^\n]*\\\n)*[^\n]*")
_MACROS = {
    "__arch_install_post": "%{nil}",
    "__os_install_post": "%{nil}",
    "_binary_payload": "w1.gzdio",
    "_build_id_links": "none",
    "debug_package": "%{nil}",
}


def said(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def fields(deb: Path) -> dict[str, str]:
    """The fields of a Debian package; continued lines are left out."""
    return dict(re.findall(r"^([A-Za-z-]+): (.*)$", said("dpkg-deb", "-f", str(deb)), re.MULTILINE))


def release_of(version: str) -> tuple[str, str, str]:
    """Epoch, version and release; RPM allows no dash in them."""
    epoch, _, rest = version.rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    return epoch, (upstream if dash else revision).replace("-", "_"), (revision if dash else "0").replace("-", "_")


def needs(text: str, names: dict[str, str]) -> list[str]:
    """Needs of a package among those that are converted; others are in the system."""
    found = []
    for clause in filter(None, (each.strip() for each in text.split(","))):
        words = [re.sub(r"\s*[\(\[].*", "", each).split(":")[0].strip() for each in clause.split("|")]
        known = [names[word] for word in words if word in names]
        if known:
            found.append(known[0] if len(known) == 1 else "(" + " or ".join(known) + ")")
    return found


def tidy(tree: Path) -> None:
    """Move what lies outside usr, and drop what nobody reads."""
    for top in ("lib", "bin", "sbin", "lib64"):
        if (tree / top).is_dir() and not (tree / top).is_symlink():
            (tree / "usr").mkdir(exist_ok=True)
            said("cp", "-a", "--no-clobber", str(tree / top), f"{tree}/usr/")
            shutil.rmtree(tree / top)
    for folder in _LEFT_OUT:
        shutil.rmtree(tree / folder, ignore_errors=True)


def lay_out(tree: Path, how: dict[str, Any]) -> None:
    """Put files where the table has them."""

    def at(path: str) -> Path:
        place = tree / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    for before, after in how.get("move", {}).items():
        at(before).rename(at(after))
    for path, pairs in how.get("replace", {}).items():
        text = at(path).read_text()
        for before, after in pairs:
            if before not in text:
                sys.exit(f"{path} has no {before!r}: correct localcloud/image/standin/packages.yml")
            text = text.replace(before, after)
        at(path).write_text(text)
    for path in how.get("drop", []):
        place = at(path)
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    for path, text in how.get("write", {}).items():
        at(path).write_text(text)
    for path, target in how.get("link", {}).items():
        at(path).symlink_to(target)
    for path in how.get("folder", {}):
        at(path).mkdir(parents=True, exist_ok=True)


def scriptlet(tree: Path, postinst: str, how: dict[str, Any]) -> list[str]:
    """What the package's installation does, as Debian's does it."""
    lines = []
    if "user" in how:
        user = how["user"]
        lines.append(f"getent passwd {user} >/dev/null || useradd --system --user-group --no-create-home {user}")
    if how.get("alternatives", True):
        commands = [match[0].replace("\\\n", " ") for match in _ALTERNATIVES.finditer(postinst)]
        lines += [re.split(r"\|\||>|;", command)[0] for command in commands if "$" not in command]
    lines += [f"chown {user} {path}" for user, path in re.findall(r"chown (\w[\w:]*) (/var/[\w/.-]+)", postinst)]
    lines += [f"chown {user}: {path}; chmod 0700 {path}" for path, user in how.get("folder", {}).items()]
    if any(tree.rglob("*.so*")):
        lines.append("ldconfig")
    units = tree / "usr/lib/systemd/system"
    named = [each.name for each in units.glob("*") if each.suffix in {".service", ".socket"} and "@" not in each.name]
    if named:
        lines.append(f"[ $1 -gt 1 ] || systemctl --no-reload preset {' '.join(sorted(named))} >/dev/null 2>&1")
    return [f"{line} || echo 'stand-in: {line.split()[0]} failed' >&2" for line in lines]


def listed(tree: Path) -> list[str]:
    """The files of a package, as a spec file lists them."""
    found = []
    for path in sorted(tree.rglob("*")):
        name = "/" + str(path.relative_to(tree)).replace("%", "%%")
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                found.append(f'%dir "{name}"')
        else:
            found.append(f'{"%config(noreplace) " if name.startswith("/etc/") else ""}"{name}"')
    return found


def convert(deb: Path, plan: dict[str, Any], names: dict[str, str], into: Path, work: Path) -> None:
    """Make the RPM package of a Debian package, under the name that it has in ``names``."""
    field = fields(deb)
    original = field["Package"]
    name = names[original]
    like = plan["copies"].get(name)
    how = plan["packages"].get(like or name, {})
    own = work / name
    tree, control = own / "root", own / "control"
    tree.mkdir(parents=True)
    said("dpkg-deb", "-x", str(deb), str(tree))
    said("dpkg-deb", "-e", str(deb), str(control))
    tidy(tree)
    lay_out(tree, how)
    postinst = (control / "postinst").read_text() if (control / "postinst").exists() else ""
    epoch, version, release = release_of(field["Version"])
    provided = [re.sub(r"\s*\(.*", "", each.strip()) for each in field.get("Provides", "").split(",") if each.strip()]
    required = needs(
        f"{field.get('Depends', '')},{field.get('Pre-Depends', '')},{','.join(how.get('also', []))}", names
    )
    machine = "noarch" if field["Architecture"] == "all" else "x86_64"
    spec = [
        f"Name: {name}", f"Version: {version}", f"Release: {release}", "Summary: stand-in", "License: various",
        f"BuildArch: {machine}", "AutoReqProv: no", *([f"Epoch: {epoch}"] if epoch else []),
        *(f"Provides: {each}" for each in [*provided, *([original] if name != original else [])]),
        *(f"Requires: {each}" for each in dict.fromkeys(required) if each != name),
        *([f"Conflicts: {like}"] if like else []),
        "%description", "stand-in", "%files", *listed(tree), "%post", *scriptlet(tree, postinst, how), ":",
    ]  # fmt: skip
    file = own / "package.spec"
    file.write_text("\n".join(spec) + "\n")
    repository = into / plan["repositories"].get(name, "crb")
    macros = {**_MACROS, "_topdir": str(own / "top"), "_rpmdir": str(repository)}
    build(file, tree, macros, machine)
    shutil.rmtree(own)


def build(spec: Path, tree: Path, macros: dict[str, str], machine: str) -> None:
    """Build a package of a tree of files."""
    defined = [word for key, value in macros.items() for word in ("--define", f"{key} {value}")]
    command = ["rpmbuild", "-bb", "--quiet", "--target", machine, "--buildroot", str(tree), *defined, str(spec)]
    ended = subprocess.run(command, text=True, capture_output=True, check=False)
    if ended.returncode:
        sys.exit(f"rpmbuild of {spec}: {ended.stderr[-800:]}")


def main(plan_file: str, debs: str, repositories: str) -> None:
    """Convert all packages."""
    plan = json.loads(Path(plan_file).read_text())
    into, work = Path(repositories).resolve(), Path(debs).resolve() / "work"
    shutil.rmtree(work, ignore_errors=True)
    every = sorted(Path(debs).glob("*.deb"))
    renamed = {how["from"]: name for name, how in plan["packages"].items()}
    packages = {deb: fields(deb)["Package"] for deb in every}
    names = {package: renamed.get(package, package) for package in packages.values()}
    copied = {names[plan["packages"][like]["from"]]: name for name, like in plan["copies"].items()}
    others = {package: copied.get(name, name) for package, name in names.items()}
    jobs = [(deb, names) for deb in every]
    jobs += [(deb, others) for deb, package in packages.items() if names[package] in copied]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job: convert(job[0], plan, job[1], into, work), jobs))
    for package in plan["written"]:
        own = work / f"{package['name']}-{package['version']}"
        lay_out(own / "root", {"write": package["files"]})
        spec = [
            f"Name: {package['name']}", f"Version: {package['version']}", "Release: 1.el9", "Summary: stand-in",
            "License: various", "BuildArch: noarch", "AutoReqProv: no",
            *(f"Provides: {each}" for each in package.get("provides", [])),
            "%description", "stand-in", "%files", *listed(own / "root"),
        ]  # fmt: skip
        (own / "package.spec").write_text("\n".join(spec) + "\n")
        macros = {**_MACROS, "_topdir": str(own / "top"), "_rpmdir": str(into / package["repository"])}
        build(own / "package.spec", own / "root", macros, "noarch")
    shutil.rmtree(work)


if __name__ == "__main__":
    main(*sys.argv[1:])

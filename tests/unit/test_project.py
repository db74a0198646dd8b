"""The project's files agree with each other."""

import re
import tomllib

import slurm_appliance
from toolchain.paths import REPOSITORY


def test_the_version_stands_in_two_places_and_is_the_same() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == slurm_appliance.__version__


def test_every_requirement_is_pinned_with_hashes_and_without_its_origin() -> None:
    locks = [*(REPOSITORY / "requirements").glob("*.txt"), *REPOSITORY.glob("*/requirements/*.txt")]
    assert len(locks) >= 2
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text, f"{lock} says where a package was downloaded from"
        entries = re.split(r"\n(?=\S)", text.strip())
        unpinned = [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
        assert not unpinned, f"{lock}: no version or no hash: {unpinned}"


def test_the_locks_of_users_and_developers_agree() -> None:
    def versions(kind: str) -> set[str]:
        text = (REPOSITORY / "requirements" / f"{kind}.txt").read_text()
        return set(re.findall(r"^[a-z0-9.-]+==\S+", text, re.MULTILINE))

    assert versions("user") <= versions("dev")


def test_main_program_stays_short() -> None:
    assert len((REPOSITORY / "__main__.py").read_text().splitlines()) <= 40


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    pages = [page.relative_to(REPOSITORY) for page in sorted(REPOSITORY.glob("docs/**/*.md"))]
    assert pages
    assert [str(page) for page in pages if f"]({page})" not in readme] == []


def test_no_document_has_a_blank_to_fill_in() -> None:
    blanks = re.compile(r"(?<![$%])\{[A-Z][A-Z_]+\}|\bTODO\b|\bTBD\b|\bFIXME\b")
    documents = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]
    left = {str(document): blanks.findall(document.read_text()) for document in documents}
    assert {document: found for document, found in left.items() if found} == {}


def test_every_link_between_our_documents_leads_somewhere() -> None:
    documents = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")]
    dead = [
        f"{document.relative_to(REPOSITORY)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not dead

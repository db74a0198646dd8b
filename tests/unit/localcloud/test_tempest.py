from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.host.layout import PACKAGE
from localcloud.tempest.configuration import CloudIds, configuration
from localcloud.tempest.results import judge, read_known_failures, read_results

TABLE = """test,status,start_time,stop_time
"tempest.api.a.test_one[id-1,smoke]",success,1,2
tempest.api.a.test_two[id-2],failure,1,2
setUpClass (tempest.api.b.Class),skip,1,2
"""


def test_results_are_read_without_tags() -> None:
    assert read_results(TABLE) == {
        "tempest.api.a.test_one": "success",
        "tempest.api.a.test_two": "failure",
        "setUpClass (tempest.api.b.Class)": "skip",
    }


@pytest.mark.parametrize(
    ("known", "good", "surprises", "recovered"),
    [
        ([], False, ("tempest.api.a.test_two",), ()),
        (["tempest.api.a.test_two"], True, (), ()),
        (["tempest.api.a.test_two", "tempest.api.never.run"], True, (), ()),
        (["tempest.api.a.test_two", "tempest.api.a.test_one"], False, (), ("tempest.api.a.test_one",)),
    ],
)
def test_the_list_is_held_to_the_results(
    known: list[str], good: bool, surprises: tuple[str, ...], recovered: tuple[str, ...]
) -> None:
    verdict = judge(read_results(TABLE), known)
    assert (verdict.good, verdict.surprises, verdict.recovered) == (good, surprises, recovered)


@pytest.mark.parametrize("status", ["failure", "error", "inprogress", "uxsuccess", "something new"])
def test_whatever_is_not_known_to_be_good_is_a_failure(status: str) -> None:
    assert judge({"a": "success", "b": status}, []).surprises == ("b",)


def test_a_run_without_a_test_that_passed_is_not_good() -> None:
    assert not judge({"a": "skip"}, []).good


def test_a_listed_test_needs_a_reason() -> None:
    with pytest.raises(ValueError, match=r"line 2: tempest\.a\b"):
        read_known_failures("# why\ntempest.a\n")


def test_the_list_in_the_checkout_can_be_read() -> None:
    text = (PACKAGE / "tempest/known-failures.txt").read_text()
    known = read_known_failures(text)
    assert len(known) == sum(1 for line in text.splitlines() if line.strip() and not line.startswith("#"))


def test_virtual_machines_have_more_time() -> None:
    facts = CloudIds("i", "j", "f", "g", "e", "n", ("router",))
    passwords = {"admin": "x"}
    container = configuration(passwords, facts, Path("/t"))
    machine = configuration(passwords, replace(facts, patience=6), Path("/t"))
    longer = {
        f"{section}.{name}": (value, machine[section][name])
        for section, values in container.items()
        for name, value in values.items()
        if value != machine[section][name]
    }
    assert longer == {
        "compute.build_timeout": ("120", "720"),
        "validation.ping_timeout": ("60", "360"),
        "validation.ssh_timeout": ("120", "720"),
        "volume.build_timeout": ("60", "360"),
    }

"""Facts for later runs: those that roles read, of hosts of which all are known."""

from pathlib import Path

from slurm_appliance.site.known_facts import FACTS, KnownFacts, read_cached, write_cached


def test_facts_are_kept_for_the_run_that_gathered_them_and_given_back(tmp_path: Path) -> None:
    known, cache = KnownFacts(tmp_path / "facts.json"), tmp_path / "cache"
    assert known.runs() == {}
    facts = dict.fromkeys(FACTS, "x")
    write_cached(cache, "control", facts | {"date_time": "now"})
    write_cached(cache, "login", {"os_family": "Debian"})
    known.take(cache, ["control", "login", "other"], "run-1")
    assert known.runs() == {"control": "run-1"}
    given = tmp_path / "given"
    known.give(given, ["control"])
    assert read_cached(given, "control") == facts


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    for text in ("", "[]", '{"control": 1, "login": {"run": "1"}}'):
        path.write_text(text)
        assert KnownFacts(path).runs() == {}

import pytest

from slurm_appliance.commands import output

LONG = "https://mirror.example.org/" + "x" * 150


def test_a_table_in_a_file_is_whole_and_takes_nothing_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("node", "why"), [("c-[0-3]", LONG), ("gpu-0", "[bold]")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["node     why", f"c-[0-3]  {LONG}", "gpu-0    [bold]"]


@pytest.mark.parametrize("whole", [False, True])
def test_a_table_fits_a_terminal_unless_it_has_to_be_copied(
    whole: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    output.print_table(("node", "why"), [("c-0", LONG)], whole=whole)
    head, *lines = capsys.readouterr().out.splitlines()
    assert "\x1b[1m" in head, "it is a terminal"
    assert (max(map(len, lines)) > 80) is whole
    assert any(LONG in line for line in lines) is whole

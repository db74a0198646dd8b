import pytest

from mirror.restart_policy import restart_delay


@pytest.mark.parametrize(
    ("deaths", "now", "delay"),
    [
        ([100.0], 100.0, 0.5),
        ([90.0, 100.0], 100.0, 1.0),
        ([60.0, 70.0, 80.0, 90.0, 100.0], 100.0, 8.0),
        ([50.0, 60.0, 70.0, 80.0, 90.0, 100.0], 100.0, None),
        # Deaths of long ago are forgotten.
        ([50.0, 60.0, 70.0, 80.0, 90.0, 1000.0], 1000.0, 0.5),
    ],
)
def test_delay_doubles_and_ends(deaths: list[float], now: float, delay: float | None) -> None:
    assert restart_delay(deaths, now) == delay

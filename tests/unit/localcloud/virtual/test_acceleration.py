import pytest

from localcloud.virtual.acceleration import BootTrial, accelerated, boot_sector


@pytest.mark.parametrize(
    ("emulated", "by_kvm", "used"),
    [
        (BootTrial(True, 0.2), BootTrial(True, 0.1), True),
        (BootTrial(True, 0.2), BootTrial(True, 0.9), True),
        (BootTrial(True, 0.2), BootTrial(True, 4.4), False),
        (BootTrial(True, 0.2), BootTrial(False, 0.1), False),
        (BootTrial(False, 10.0), BootTrial(True, 0.1), True),
    ],
)
def test_kvm_is_used_where_it_runs_and_is_not_emulated_itself(
    emulated: BootTrial, by_kvm: BootTrial, used: bool
) -> None:
    assert accelerated(emulated, by_kvm) is used


def test_the_boot_sector_is_one() -> None:
    disk = boot_sector()
    assert disk[510:512] == b"\x55\xaa"
    assert len(disk) % 512 == 0

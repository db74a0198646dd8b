"""Values in the form of the file that they go to."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from toolchain.paths import REPOSITORY


def _load() -> ModuleType:
    path = REPOSITORY / "ansible/filter_plugins/slurm_conf.py"
    spec = importlib.util.spec_from_file_location("slurm_conf", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILTERS = _load()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"SlurmctldParameters": "enable_configless", "KillWait": "30"}),
        (
            {"slurmctldparameters": "idle_on_node_suspend,ENABLE_CONFIGLESS"},
            {"SlurmctldParameters": "ENABLE_CONFIGLESS,idle_on_node_suspend", "KillWait": "30"},
        ),
        (
            {"SlurmctldParameters": "conmgr_threads=4, conmgr_threads=8,", "killwait": 60},
            {"SlurmctldParameters": "enable_configless,conmgr_threads=8", "KillWait": "60"},
        ),
        (
            {"GresTypes": "gpu", "SallocDefaultCommand": "srun --pty bash"},
            {
                "SlurmctldParameters": "enable_configless",
                "KillWait": "30",
                "GresTypes": "gpu",
                "SallocDefaultCommand": '"srun --pty bash"',
            },
        ),
    ],
)
def test_options(given: dict[str, Any], expected: dict[str, str]) -> None:
    defaults = {"SlurmctldParameters": ["enable_configless"], "KillWait": 30, "GresTypes": []}
    assert FILTERS.slurm_options(defaults, given) == expected


@pytest.mark.parametrize(
    ("group", "lines"),
    [
        ({}, []),
        ({"gres": ["gpu:a100:4"]}, ["NodeName=c-0,c-1 Name=gpu Type=a100 File=/dev/nvidia[0-3]"]),
        ({"gres": ["gpu"]}, ["NodeName=c-0,c-1 Name=gpu File=/dev/nvidia0"]),
        (
            {"gres": ["gpu:a100:2(S:0-1)", "gpu:h100:1", "license:1K"]},
            [
                "NodeName=c-0,c-1 Name=gpu Type=a100 File=/dev/nvidia[0-1]",
                "NodeName=c-0,c-1 Name=gpu Type=h100 File=/dev/nvidia2",
                "NodeName=c-0,c-1 Name=license Count=1024",
            ],
        ),
        (
            {"gres": ["gpu:mi300:2"], "gres_files": {"gpu:mi300": "/dev/dri/renderD[128-129]"}},
            ["NodeName=c-0,c-1 Name=gpu Type=mi300 File=/dev/dri/renderD[128-129]"],
        ),
        ({"gres": ["gpu:8"], "gres_autodetect": "nvml"}, ["NodeName=c-0,c-1 AutoDetect=nvml"]),
    ],
)
def test_gres(group: dict[str, Any], lines: list[str]) -> None:
    assert FILTERS.gres_lines(group, ["c-0", "c-1"]) == lines


def test_gres_types() -> None:
    assert FILTERS.gres_types([{"gres": ["gpu:2", "nic:1"]}, {}, {"gres": ["gpu:a100:1"]}]) == ["gpu", "nic"]


def test_values_that_slurm_cannot_hold_are_refused() -> None:
    for value in ('"pass"', 'pa"ss word', "line\nbreak"):
        with pytest.raises(AnsibleFilterError):
            FILTERS.slurm_value(value)


def test_sql() -> None:
    assert FILTERS.sql_string("it's \\ here") == "'it''s \\\\ here'"

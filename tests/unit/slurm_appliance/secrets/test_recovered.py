"""Secrets are read back from the file that was written for Ansible."""

from pathlib import Path

import pytest

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import FILE, render
from slurm_appliance.secrets.recovered import RecoveredSecrets, recovered_secrets

VALUES = {
    "munge_key": "a2V5",
    "monitoring_password": '{{ "not a template" }}: #\\',
    "reboot_cloud": {
        "auth": {"application_credential_id": "k", "application_credential_secret": "{{word"},
        "auth_type": "v3applicationcredential",
    },
    "proxy_with_login": "http://u:p@proxy",
}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_whole(tmp_path / FILE, render(VALUES))
    found = recovered_secrets(EnvironmentFolder(tmp_path))
    assert found.values == {name: VALUES[name] for name in ("munge_key", "monitoring_password")}
    assert (found.credential_id, found.credential_secret) == ("k", "{{word")
    assert "a2V5" not in repr(found)


@pytest.mark.parametrize("text", [None, "", "- a list", "{ broken"])
def test_without_a_usable_file_nothing_is_recovered(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write_whole(tmp_path / FILE, text)
    assert recovered_secrets(EnvironmentFolder(tmp_path)) == RecoveredSecrets()

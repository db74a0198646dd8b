"""A bucket's URL as Pulumi takes it, for the library that reads it here."""

from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.errors import UsageError
from slurm_appliance.journal.object_url import bucket_settings, is_bucket

S3 = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
AZURE = {"AZURE_STORAGE_KEY": "key"}

CASES: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "AWS": ("s3://states?region=eu-west-1", S3, {"region": "eu-west-1", "virtual_hosted_style_request": "true"}),
    "region of a variable": (
        "s3://states", S3 | {"AWS_REGION": "x"}, {"region": "x", "virtual_hosted_style_request": "true"}
    ),
    "another S3": (
        "s3://states?endpoint=s3.example.org&region=r", S3,
        {"endpoint": "https://s3.example.org", "region": "r", "virtual_hosted_style_request": "false"},
    ),
    "without TLS": (
        "s3://states?endpoint=10.0.0.1:9000&disableSSL=true&s3ForcePathStyle=true", S3,
        {"endpoint": "http://10.0.0.1:9000", "virtual_hosted_style_request": "false"},
    ),
    "a key of KMS": (
        "s3://states?awssdk=v2&ssetype=aws:kms&kmskeyid=id", S3,
        {"virtual_hosted_style_request": "true", "server_side_encryption": "aws:kms", "sse_kms_key_id": "id"},
    ),
    "Google": ("gs://states", {"GOOGLE_CREDENTIALS": "{}"}, {"service_account_key": "{}"}),
    "Google, a file": ("gs://states", {"GOOGLE_APPLICATION_CREDENTIALS": "/f"}, {"application_credentials": "/f"}),
    "Azure": ("azblob://states?storage_account=a", AZURE, {"account_name": "a", "account_key": "key"}),
    "Azure, a domain": (
        "azblob://states", AZURE | {"AZURE_STORAGE_ACCOUNT": "a", "AZURE_STORAGE_DOMAIN": "blob.example.org"},
        {"account_name": "a", "account_key": "key", "endpoint": "https://a.blob.example.org"},
    ),
    "Azure, in one": (
        "azblob://states", {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=k=="},
        {"account_name": "a", "account_key": "k=="},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bucket_is_reached_as_pulumi_reaches_it(case: str, tmp_path: Path) -> None:
    url, user, config = CASES[case]
    assert is_bucket(url)
    assert bucket_settings(url, {"HOME": str(tmp_path)} | user).config == config


def test_keys_are_below_the_path() -> None:
    settings = bucket_settings("s3://states/team/a/?region=r", S3)
    assert settings.path(".pulumi/meta.yaml") == "team/a/.pulumi/meta.yaml"
    assert settings.shown == "s3://states/team/a"
    assert bucket_settings("s3://states?region=r", S3).path("x") == "x"


def test_only_a_url_without_tls_allows_it() -> None:
    assert bucket_settings("s3://states?endpoint=http://s3", S3).client == {"allow_http": True}
    assert bucket_settings("s3://states?endpoint=s3", S3).client == {}


def test_a_profile(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[profile team]\nregion = r\n[profile sso]\nsso_session = x\n")
    (folder / "credentials").write_text("[team]\naws_access_key_id = i\naws_secret_access_key = s\n")
    user = {"HOME": str(tmp_path), "AWS_PROFILE": "team"}
    config = bucket_settings("s3://states", user).config
    assert (config["region"], config["access_key_id"], config["secret_access_key"]) == ("r", "i", "s")
    assert "access_key_id" not in bucket_settings("s3://states", user | S3).config
    with pytest.raises(UsageError) as refused:
        bucket_settings("s3://states?profile=sso", user)
    assert "--profile sso" in refused.value.remedy


@pytest.mark.parametrize("url", ["s3://states?colour=red", "gs://states?region=r", "azblob://states?endpoint=e"])
def test_an_unknown_parameter_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        bucket_settings(url, S3)
    assert refused.value.where == url.partition("?")[0]


@pytest.mark.parametrize("url", ["file:///srv", "https://api.pulumi.com", "http://localhost", "", "states"])
def test_other_backends_are_no_buckets(url: str) -> None:
    assert not is_bucket(url)

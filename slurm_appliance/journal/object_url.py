"""A bucket's URL and credentials, as Pulumi's backend takes them, as settings of the library for objects. Pure.

https://gocloud.dev/howto/blob/ documents the parameters of the URLs.
"""

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from slurm_appliance.errors import UsageError

SCHEMES = ("s3", "gs", "azblob")

#: Parameters that change nothing here.
_IGNORED = {
    "awssdk", "hostname_immutable", "rate_limiter_capacity", "dualstack", "accelerate", "no_tmp_dir",
    "request_checksum_calculation", "response_checksum_validation",
}  # fmt: skip
_TRUE = frozenset({"true", "1", "t"})


@dataclass(frozen=True)
class BucketSettings:
    """How to reach a bucket.

    Attributes:
        scheme: the kind of storage: one of `SCHEMES`.
        bucket: the bucket's or container's name.
        prefix: what all keys start with; empty or with a slash at its end.
        shown: its URL without parameters, for messages.
        config: the library's settings; secret.
        client: its HTTP client's settings.
    """

    scheme: str
    bucket: str
    prefix: str
    shown: str
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    client: Mapping[str, bool] = field(default_factory=dict)

    def path(self, key: str) -> str:
        """The path of an object within the bucket."""
        return f"{self.prefix}{key}"


def is_bucket(url: str) -> bool:
    """Whether a URL is a bucket's."""
    return url.partition("://")[0] in SCHEMES


def bucket_settings(url: str, user: Mapping[str, str]) -> BucketSettings:
    """The settings of a bucket.

    Args:
        url: its URL.
        user: the user's environment variables.

    Raises:
        UsageError: the URL or the credentials have something that is not supported.
    """
    parts = urlsplit(url)
    given = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
    read: Callable[[Mapping[str, str], Mapping[str, str]], tuple[dict[str, str], set[str]]]
    read = {"s3": _s3, "gs": _gs, "azblob": _azblob}[parts.scheme]
    config, known = read(given, user)
    unknown = sorted(given.keys() - known - _IGNORED)
    shown = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if unknown:
        raise UsageError(
            f"unknown parameter of the backend's URL: {', '.join(unknown)}",
            where=shown,
            remedy=f"the known ones are {', '.join(sorted(known))}",
        )
    prefix = parts.path.strip("/")
    plain = any(value.startswith("http://") for name, value in config.items() if "endpoint" in name or "url" in name)
    return BucketSettings(
        parts.scheme, parts.netloc, f"{prefix}/" if prefix else "", shown, config, {"allow_http": True} if plain else {}
    )


def _s3(given: Mapping[str, str], user: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    endpoint = given.get("endpoint") or user.get("AWS_ENDPOINT_URL_S3") or user.get("AWS_ENDPOINT_URL") or ""
    if endpoint and "://" not in endpoint:
        insecure = _is_true(given.get("disablessl")) or _is_true(given.get("disable_https"))
        endpoint = f"{'http' if insecure else 'https'}://{endpoint}"
    path_style = given.get("s3forcepathstyle") or given.get("use_path_style") or ("true" if endpoint else "false")
    profile = _aws_profile(given.get("profile"), user)
    region = given.get("region") or user.get("AWS_REGION") or user.get("AWS_DEFAULT_REGION") or profile.get("region")
    config = {
        "endpoint": endpoint,
        "region": region or "",
        "virtual_hosted_style_request": "false" if _is_true(path_style) else "true",
        "access_key_id": profile.get("aws_access_key_id", ""),
        "secret_access_key": profile.get("aws_secret_access_key", ""),
        "session_token": profile.get("aws_session_token", ""),
        "skip_signature": "true" if _is_true(given.get("anonymous")) else "",
        "server_side_encryption": given.get("ssetype", ""),
        "sse_kms_key_id": given.get("kmskeyid", ""),
    }
    known = {"endpoint", "region", "profile", "s3forcepathstyle", "use_path_style", "disablessl", "disable_https"}
    return _set_ones(config), known | {"anonymous", "ssetype", "kmskeyid"}


def _aws_profile(named: str | None, user: Mapping[str, str]) -> dict[str, str]:
    """The profile's keys and region from AWS' files; the library reads variables and metadata services itself.

    Raises:
        UsageError: its keys come from elsewhere.
    """
    name = named or user.get("AWS_PROFILE") or "default"
    found: dict[str, str] = {}
    home = Path(user.get("HOME", "~")).expanduser()
    files = (
        (Path(user.get("AWS_CONFIG_FILE") or home / ".aws/config"), name if name == "default" else f"profile {name}"),
        (Path(user.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws/credentials"), name),
    )
    for path, section in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except configparser.Error as error:
            raise UsageError("cannot read AWS' settings", where=str(path), remedy=str(error)) from error
        if parser.has_section(section):
            found |= parser.items(section)
    if "AWS_ACCESS_KEY_ID" in user and not named:
        return {"region": found["region"]} if "region" in found else {}
    if "aws_access_key_id" not in found and (found.keys() & _ELSEWHERE or (named and not found)):
        raise UsageError(
            f"the AWS profile {name} has no keys of its own",
            where=str(files[1][0]),
            remedy=f'set them as variables: eval "$(aws configure export-credentials --profile {name} --format env)"',
        )
    return found


#: Settings of a profile whose keys come from another service or program.
_ELSEWHERE = {"sso_session", "sso_start_url", "role_arn", "credential_process", "login_session"}


def _gs(_given: Mapping[str, str], user: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    if "GOOGLE_OAUTH_ACCESS_TOKEN" in user and "GOOGLE_CREDENTIALS" not in user:
        remedy = (
            "set GOOGLE_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`"
        )
        raise UsageError("GOOGLE_OAUTH_ACCESS_TOKEN is not supported for the state", remedy=remedy)
    emulator = user.get("STORAGE_EMULATOR_HOST", "")
    config = {
        "service_account_key": user.get("GOOGLE_CREDENTIALS", ""),
        "application_credentials": user.get("GOOGLE_APPLICATION_CREDENTIALS", ""),
        "base_url": emulator if "://" in emulator or not emulator else f"http://{emulator}",
        "skip_signature": "true" if emulator else "",
    }
    return _set_ones(config), set()


def _azblob(given: Mapping[str, str], user: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    text = user.get("AZURE_STORAGE_CONNECTION_STRING") or user.get("AZURE_STORAGEBLOB_CONNECTIONSTRING") or ""
    connection = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    account = given.get("storage_account") or user.get("AZURE_STORAGE_ACCOUNT") or connection.get("AccountName")
    domain = given.get("domain") or user.get("AZURE_STORAGE_DOMAIN")
    protocol = given.get("protocol") or user.get("AZURE_STORAGE_PROTOCOL") or "https"
    emulated = given.get("localemu") or user.get("AZURE_STORAGE_IS_LOCAL_EMULATOR")
    key = user.get("AZURE_STORAGE_KEY") or connection.get("AccountKey")
    token = user.get("AZURE_STORAGE_SAS_TOKEN") or connection.get("SharedAccessSignature")
    config = {
        "account_name": account or "",
        "account_key": key or "",
        "sas_key": token or "",
        "endpoint": connection.get("BlobEndpoint") or (f"{protocol}://{account}.{domain}" if domain else ""),
        "use_emulator": "true" if _is_true(emulated) else "",
        # As Pulumi's default credential does it after variables.
        "use_azure_cli": "" if key or token or "AZURE_CLIENT_ID" in user else "true",
    }
    return _set_ones(config), {"storage_account", "domain", "protocol", "localemu"}


def _set_ones(config: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in config.items() if value}


def _is_true(text: str | None) -> bool:
    return (text or "").lower() in _TRUE

from pathlib import Path

import pytest

from mirror.errors import MirrorMachineError, MirrorServiceError
from mirror.options import Options
from mirror.places import MirrorPlaces


def test_options_are_kept_and_what_is_not_chosen_stays(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path)
    assert Options.load(places) == Options()
    Options().changed(address="10.255.255.1", port=None, workers=4).save(places)
    assert Options.load(places) == Options(address="10.255.255.1", workers=4)
    assert Options.load(places).changed(address=None) == Options(address="10.255.255.1", workers=4)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    places = MirrorPlaces(tmp_path)
    places.options.write_text("{")
    with pytest.raises(MirrorServiceError) as caught:
        Options.load(places)
    assert caught.value.where == str(places.options)


@pytest.mark.parametrize(
    ("options", "bind", "url"),
    [
        (Options(), "127.0.0.1:24816", "http://127.0.0.1:24816/pulp/content/"),
        (Options(address="::1", port=80), "[::1]:80", "http://[::1]:80/pulp/content/"),
        (
            Options(address="10.0.0.5", host_name="mirror.example.org", tls_certificate="c.pem", tls_key="k.pem"),
            "10.0.0.5:24816",
            "https://mirror.example.org:24816/pulp/content/",
        ),
    ],
)
def test_urls_follow_from_address_name_and_certificate(options: Options, bind: str, url: str) -> None:
    assert options.bind() == bind
    assert options.content_url == url


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(address="mirror.example.org"), "--address: 'mirror.example.org' is not an IP address"),
        (Options(tls_key="k.pem"), "--tls-certificate, --tls-key: a certificate and its key must be given together"),
        (Options(tls_key="/no/k.pem", tls_certificate="/no/c.pem"), "/no/c.pem: the file does not exist"),
        (Options(port=1, api_port=1), "--port, --api-port: snapshots and the API need different ports"),
        (Options(host_name="x/y"), "--host-name: 'x/y' is not a host name"),
    ],
)
def test_what_cannot_work_is_refused(options: Options, said: str) -> None:
    with pytest.raises(MirrorMachineError) as caught:
        options.check()
    assert str(caught.value).splitlines()[0] == said

"""What an address says about its server."""

from __future__ import annotations

import pytest

from visprog.errors import ModelUnavailable
from visprog.models.backends.openai.address import read_address


@pytest.mark.parametrize(
    ("address", "azure"),
    [
        ("https://a.example/openai/deployments/small", True),
        ("https://a.example/openai/deployments/", True),
        ("https://a.example/openai/deployments", True),
        ("https://a.example/proxy/openai/deployments/small", True),
        ("https://a.example/openai/v1", False),
        ("https://a.example/openai/deploymentsx", False),
        ("https://openai/deployments", False),
        ("https://a.example/v1", False),
    ],
)
def test_azure_is_known_by_the_path(address: str, azure: bool) -> None:
    assert read_address(address).is_azure is azure


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        ("[::]", True),
        ("localhost.example", False),
        ("notlocalhost", False),
        ("192.168.0.1", False),
        ("[::2]", False),
    ],
)
def test_a_server_on_this_machine_is_known(host: str, loopback: bool) -> None:
    assert read_address(f"http://{host}:8000/v1").is_loopback is loopback


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://a.example/v1", ("https", "a.example", 443)),
        ("http://a.example/v1", ("http", "a.example", 80)),
        ("http://A.example.:8000", ("http", "a.example", 8000)),
        ("https://user:word@a.example:444/v1?x=1", ("https", "a.example", 444)),
    ],
)
def test_a_key_belongs_to_a_scheme_a_host_and_a_port(address: str, origin: tuple[str, str, int]) -> None:
    assert read_address(address).origin == origin


def test_login_and_query_are_kept_out_of_the_address() -> None:
    found = read_address("https://user:p%40ss@a.example/v1?key=1&empty=")
    assert (found.url, found.login) == ("https://a.example/v1", "user:p%40ss")
    assert found.query == (("key", "1"), ("empty", ""))
    assert "p%40ss" not in repr(found)
    assert "key" not in repr(found)


@pytest.mark.parametrize("written", ["http://me:a/b@host/v1", "me@host"])
def test_an_invalid_address_with_a_login_has_advice_about_special_characters(written: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        read_address(written)
    assert "percent-encode" in (caught.value.help or "")


def test_an_invalid_address_without_a_login_has_none() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        read_address("host/v1")
    assert "percent-encode" not in (caught.value.help or "")

"""Finds the key for a server. A key is sent only to the server that it belongs to."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Iterator
from typing import NamedTuple

from visprog.errors import ModelUnavailable
from visprog.models.backends.openai.address import OPENAI, Address, proxy_logins, read_address
from visprog.models.backends.openai.configuration import variable
from visprog.models.backends.openai.secrets import Secrets

_KEY = "OPENAI_API_KEY"
_ADDRESS = "OPENAI_BASE_URL"


class Login(NamedTuple):
    """A server, its key ('' for none), and the help text for a rejected key.

    `is_own` says whether the environment variables of OpenAI belong to this server.
    """

    address: Address
    key: str
    is_own: bool
    help: str

    def headers(self) -> dict[str, str]:
        """Return the headers with the key or the login."""
        if self.address.login:
            login = urllib.parse.unquote(self.address.login).encode()
            return {"Authorization": f"Basic {base64.b64encode(login).decode('ascii')}"}
        if not self.key:
            return {}
        return {"api-key": self.key} if self.address.is_azure else {"Authorization": f"Bearer {self.key}"}

    def secrets(self) -> Secrets:
        """Return all secrets that must be hidden in messages."""
        return Secrets(self._texts(), [self.address.login, *proxy_logins()])

    def _texts(self) -> Iterator[str]:
        yield self.key
        yield variable(_KEY)
        yield from (value for name, value in self.address.query if name != "api-version")


def find_login(base_url: str | None, key: str | None, api_key_env: str | None) -> Login:
    """Return the server and its key. Raises ModelUnavailable.

    OPENAI_API_KEY is sent only to OpenAI and to the server of OPENAI_BASE_URL. For another `base_url`,
    `api_key_env` names the variable with the key.
    """
    written = base_url or variable(_ADDRESS)
    address = read_address(written or OPENAI)
    is_own = not base_url or address.origin in _own_origins()
    if key:
        return Login(address, _checked(key), is_own, "give a key that is valid for this server")
    if api_key_env:
        found = variable(api_key_env)
        if not found:
            raise ModelUnavailable(
                f"the variable {api_key_env} with the key for {address} is not set",
                help=f"set {api_key_env}, or change the option `api_key_env`",
            )
        return Login(address, _checked(found), is_own, f"set {api_key_env} to a key for this server")
    found = variable(_KEY) if is_own else ""
    if not found and (not written or address.origin == read_address(OPENAI).origin):
        raise ModelUnavailable(
            f"{_KEY} is not set" if written else f"neither {_KEY} nor {_ADDRESS} is set",
            help=f"set {_KEY}, or set {_ADDRESS} to the address of your own server",
        )
    return Login(address, _checked(found), is_own, _key_help(is_own))


def _own_origins() -> Iterator[tuple[str, str, int]]:
    yield read_address(OPENAI).origin
    if variable(_ADDRESS):
        yield read_address(variable(_ADDRESS)).origin


def _key_help(is_own: bool) -> str:
    if is_own:
        return f"set {_KEY} to a key that is valid for this server"
    unused = f"; {_KEY} was not sent, because it belongs to another server" if variable(_KEY) else ""
    return f"set the option `api_key_env` to the name of the variable with this server's key{unused}"


def _checked(key: str) -> str:
    key = key.strip()
    if not all("!" <= char <= "~" for char in key):
        raise ModelUnavailable(
            "the API key contains a space or an invalid character", help="copy only the key, and try again"
        )
    return key

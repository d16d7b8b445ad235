"""The address of an OpenAI-compatible server: its parts, without secrets."""

from __future__ import annotations

import ipaddress
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

from visprog.errors import ModelUnavailable
from visprog.models.fingerprints import short_hash

OPENAI = "https://api.openai.com/v1"
"""The address of OpenAI's own service."""

_AZURE_PATH = "/openai/deployments/"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a base URL. `url` does not contain the login or the query, because they may be secret.

    `login` is `user:password`, percent-encoded or not, as it was written. `query` is sent with each request.
    """

    url: str
    login: str = field(default="", repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        """The server's name or IP address, without the port."""
        return urllib.parse.urlsplit(self.url).hostname or ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port. A key belongs to one origin."""
        parts = urllib.parse.urlsplit(self.url)
        return parts.scheme, self.host.rstrip("."), parts.port or _PORTS[parts.scheme]

    @property
    def is_azure(self) -> bool:
        """Whether the address is one of Azure: its path names a deployment."""
        return _AZURE_PATH in urllib.parse.urlsplit(self.url).path + "/"

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            number = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return number.is_loopback or number.is_unspecified

    @property
    def proxy_variable(self) -> str:
        """The name of the proxy variable that is used for this server; '' without a proxy."""
        if self.is_loopback or urllib.request.proxy_bypass(self.host):
            return ""
        scheme = urllib.parse.urlsplit(self.url).scheme
        proxies = urllib.request.getproxies()
        return next((f"{name.upper()}_PROXY" for name in (scheme, "all") if proxies.get(name)), "")

    def __str__(self) -> str:
        return self.url

    def described(self) -> str:
        """Return the address for a fingerprint, with a hash of the query."""
        return f"{self.url}?#{short_hash(repr(self.query))}" if self.query else self.url


def read_address(written: str) -> Address:
    """Read a base URL. Raises ModelUnavailable, without secrets, if it is not an HTTP address."""
    text = written.strip()
    try:
        parts = urllib.parse.urlsplit(text)
        valid = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
        valid = valid and not any(char.isspace() or not char.isprintable() for char in text)
    except ValueError:
        valid = False
    if valid and "@" in parts.path:  # a `/` in a password would end the host too early
        valid = False
    if not valid:
        raise _invalid(text)
    login, _, host = parts.netloc.rpartition("@")
    url = urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    return Address(url, login, tuple(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)))


def _invalid(text: str) -> ModelUnavailable:
    shown = _shown(text)
    shown = shown if len(shown) <= 300 else f"{shown[:299]}…"
    help_ = "give an address such as http://localhost:8000/v1 (OPENAI_BASE_URL)"
    if "@" in text:
        help_ += "; percent-encode special characters in a user name, a password or a path, "
        help_ += "for example %2F for / and %40 for @"
    return ModelUnavailable(f"the base URL {shown!r} is not the address of a server", help=help_)


def _shown(text: str) -> str:
    """Return an invalid address without parts that may be a login or a query."""
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        scheme, rest = "", text
    _, at, rest = rest.rpartition("@")
    rest = f"***@{rest}" if at else rest
    for mark in "?#":
        rest = rest.partition(mark)[0]
    return "".join(char if char.isprintable() else "�" for char in scheme + slashes + rest)


def proxy_logins() -> Iterator[str]:
    """Yield `user:password` of each proxy in the environment that has a login."""
    for proxy in urllib.request.getproxies().values():
        login = proxy.partition("://")[2].rpartition("@")[0] if "://" in proxy else proxy.rpartition("@")[0]
        if login:
            yield login

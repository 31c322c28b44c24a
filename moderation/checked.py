"""What is asked of the value of a setting: each raises ValueError in words for who typed it."""

import re
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from limits import parse_many
from pydantic import AfterValidator, SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name}") from error
    return name


def _database_url(url: str) -> str:
    try:
        address = make_url(url)
        address.get_dialect().import_dbapi()
    except ArgumentError as error:
        raise ValueError("must be the address of a database") from error
    except ImportError as error:
        raise ValueError(f"its driver is not installed: {error.name}") from error
    if address.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError("must be an address of SQLite or PostgreSQL")
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise ValueError("must be a file: a database in memory keeps nothing")
    return url


DatabaseURL = Annotated[str, AfterValidator(_database_url)]


def limit(notation: str) -> str:
    if notation:
        parse_many(notation)  # raises ValueError
    return notation


def limits_url(url: str) -> str:
    library = {"memory": "", "redis": "redis", "rediss": "redis", "valkey": "valkey", "valkeys": "valkey"}
    needed = library.get(urlsplit(url).scheme)
    if needed is None:
        raise ValueError("must be memory://, redis://… or valkey://…")
    if needed and find_spec(needed) is None:
        raise ValueError(f"its driver is not installed: {needed}")
    return url


def networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        ip_network(name, strict=False)  # raises ValueError
    return names


_HOST = re.compile(r"(?!-)[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}", re.ASCII)
_LOOPBACK = re.compile(r"(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|::1", re.ASCII)
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)*/?", re.ASCII)


def _host(parts: SplitResult) -> str:
    """The host, and the port when it is not the scheme’s own, as browsers write them. Raises ValueError."""
    host = parts.hostname or ""
    if not host.isascii():
        raise ValueError(f"must have its host written {host.encode('idna').decode()}")
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError(f"must be an address whose host is a name or a number, not {host!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must be an address without a name or a password")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("must be an address whose port is between 1 and 65535") from error
    if port == 0:
        raise ValueError("must be an address whose port is between 1 and 65535")
    written = f"[{host}]" if ":" in host else host
    return written if port in {None, _OWN_PORT.get(parts.scheme)} else f"{written}:{port}"


_OWN_PORT = {"http": 80, "https": 443}


def site_url(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in _OWN_PORT or not parts.netloc or "?" in url or "#" in url:
        raise ValueError("must be an http(s) address, with a path or without")
    host = _host(parts)
    if not _PATH.fullmatch(parts.path):
        raise ValueError("must be an address whose path is made of letters, digits, dots and dashes")
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def origins(urls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_origin(url) for url in urls)


def _origin(url: str) -> str:
    """As a browser names where a page is from (RFC 6454)."""
    parts = urlsplit(url)
    if (
        parts.scheme not in _OWN_PORT
        or not parts.netloc
        or parts.path not in {"", "/"}
        or "?" in url
        or "#" in url
    ):
        raise ValueError(f"must be origins such as https://www.example.org, without a path: {url!r} is none")
    return f"{parts.scheme}://{_host(parts)}"


def smtp_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be smtp://host:port or smtps://host:port")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "must have % escapes for what is special in its name or password: %2F for /, %40 for @"
        )
    _host(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return url


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line")
    return text


OneLine = Annotated[str, AfterValidator(_one_line)]


def is_loopback(host: str) -> bool:
    return _LOOPBACK.fullmatch(host) is not None

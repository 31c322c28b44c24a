import re
from pathlib import Path

import pytest
from conftest import KEY
from pydantic import SecretStr, ValidationError

from moderation.settings import Settings

OTHER = "another-key-of-the-tests-which-is-long-enough"


def refused(**given: object) -> str:
    with pytest.raises(ValidationError) as error:
        Settings(**given)  # type: ignore[arg-type]
    (problem,) = error.value.errors()
    return str(problem["msg"])


def test_every_setting_is_read_from_the_environment_under_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "SITE_NAME": "L’Écho",
        "SITE_URL": "https://echo.example/avis/",
        "UNDO_SECONDS": "0",
        "MARKUP": "plain",
    }
    for name, value in {**given, "SECRET_KEYS": f" {KEY} ,{OTHER},", "NOT_OURS": "x"}.items():
        monkeypatch.setenv(f"MODERATION_{name}", value)
    monkeypatch.setenv("SITE_NAME", "Un autre")
    settings = Settings()
    assert (settings.site_name, settings.site_url, settings.path) == (
        "L’Écho",
        "https://echo.example/avis",
        "/avis",
    )
    assert (settings.secure, settings.undo_seconds, settings.markup) == (True, 0, "plain")
    assert settings.keys() == [KEY, OTHER]


def test_a_setting_does_not_change_while_the_program_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().site_name = "Un autre"  # type: ignore[misc]


@pytest.mark.parametrize("keys", ["short", f"{KEY},short", "x" * 31])
def test_a_key_that_could_be_guessed_is_refused(keys: str) -> None:
    assert "32 characters" in refused(secret_keys=keys)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "echo.example",
        "ftp://echo.example",
        "https://",
        "https://echo.example/?a=b",
        "https://echo.example/#a",
        "https://echo.example?",
        "https://echo.example#",
        "https://ann:secret@echo.example",
        "https://ann@echo.example",
        "https://echo.example:99999",
        "https://echo.example:0",
        "https://echo.example:port",
        "https://echo example",
        "https://echo..example",
        "https://-echo.example",
        "https://[::1",
        "https://echo.example/a//b",
        "https://echo.example/a/../b",
        "https://echo.example/a b",
        "https://echo.example/été",
        "https://echo.example\\@other.example",
        "https://echo.example/\nHost: x",
    ],
)
def test_a_site_has_an_address(url: str) -> None:
    assert re.search("address|IPv6", refused(site_url=url))


def test_a_host_of_other_letters_is_asked_for_as_browsers_write_it() -> None:
    assert "xn--cho-9la.example" in refused(site_url="https://écho.example")
    assert "xn--cho-9la.example" in refused(public_origins="https://écho.example")


@pytest.mark.parametrize(
    ("url", "path", "secure"),
    [
        ("http://127.0.0.1:8000", "", False),
        ("https://echo.example/", "", True),
        ("https://echo.example/a/b/", "/a/b", True),
        ("http://[::1]:8000/a", "/a", False),
        ("http://expyuzz4wqqyqhjn.onion", "", False),
    ],
)
def test_the_address_of_a_site_may_carry_a_path(url: str, path: str, *, secure: bool) -> None:
    settings = Settings(site_url=url)
    assert (settings.path, settings.secure) == (path, secure)


def test_an_address_is_kept_as_browsers_write_it() -> None:
    settings = Settings(
        site_url="HTTPS://Echo.Example:443/Avis/",
        public_origins="https://WWW.echo.example/, http://echo.example:80,http://echo.example:8080",
    )
    assert settings.site_url == "https://echo.example/Avis"
    assert settings.public_origins == (
        "https://www.echo.example",
        "http://echo.example",
        "http://echo.example:8080",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "www.echo.example",
        "https://",
        "https://echo.example/page",
        "https://echo.example/?a=b",
        "https://echo.example#a",
        "https://*.echo.example",
        "https://ann@echo.example",
        "https://echo.example:99999",
        "ftp://echo.example",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    assert re.search("origins|address", refused(public_origins=f"https://good.example,{origin}"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://:25",
        "smtp://mail.example:99999",
        "smtp://mail.example:port",
        "smtp://mail example",
        "smtp://ann:pass/word@mail.example",
        "smtp://ann:pass#word@mail.example",
        "smtp://ann:pass?word@mail.example",
        "smtp://mail.example/a",
    ],
)
def test_a_mail_server_has_an_address(url: str) -> None:
    assert "must" in refused(smtp_url=url, mail_from="a@b")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://localhost",
        "smtps://ann%40b.example:pass%2Fword@mail.example:465",
        "smtp://a:p@ss@[::1]:25/",
        "smtp://10.0.0.1:587",
    ],
)
def test_the_address_of_a_mail_server_is_kept_as_given(url: str) -> None:
    settings = Settings(smtp_url=SecretStr(url), mail_from="a@b")
    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == url


@pytest.mark.parametrize("zone", ["Paris", "Europe/Nowhere", "", "../etc/passwd", "/etc/localtime"])
def test_a_time_zone_exists(zone: str) -> None:
    assert "time zone" in refused(timezone=zone)


@pytest.mark.parametrize("seconds", [-1, 3601])
def test_a_window_has_an_end(seconds: float) -> None:
    assert "equal to" in refused(undo_seconds=seconds)


@pytest.mark.parametrize("field", ["site_name", "slogan", "mail_from"])
def test_what_stands_in_a_header_is_one_line(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "one line" in refused(**{field: "Le site\nBcc: eve@example.org"})
    monkeypatch.setenv(f"MODERATION_{field.upper()}", "Le site\u00a0: « ici »")
    assert getattr(Settings(), field) == "Le site\u00a0: « ici »"


@pytest.mark.parametrize("sender", ["", "Le site"])
def test_mail_has_a_sender(sender: str) -> None:
    assert "MAIL_FROM" in refused(smtp_url="smtp://localhost", mail_from=sender)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_is_kept_in_a_file(url: str) -> None:
    assert "file" in refused(database_url=url)


@pytest.mark.parametrize("url", ["", "nonsense", "/var/moderation.db"])
def test_the_database_is_one_we_know(url: str) -> None:
    assert "address" in refused(database_url=url)


def test_secrets_are_not_shown() -> None:
    shown = repr(
        Settings(secret_keys=(SecretStr(KEY),), smtp_url=SecretStr("smtp://a:secret@b"), mail_from="a@b")
    )
    assert KEY not in shown
    assert "secret@" not in shown


def test_a_given_key_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(secret_keys=(SecretStr(KEY),)).keys() == [KEY]
    assert list(tmp_path.iterdir()) == []


def test_origins_are_read_from_a_list() -> None:
    given = "https://www.example.org, http://192.0.2.1:8080,http://[2001:db8::1]"
    assert Settings(public_origins=given).public_origins == tuple(
        origin.strip() for origin in given.split(",")
    )


@pytest.mark.parametrize("url", ["", "localhost:6379", "memcached://localhost", "http://localhost"])
def test_limits_are_counted_somewhere_we_know(url: str) -> None:
    assert "redis://" in refused(limits_url=url)


@pytest.mark.parametrize("notation", ["many", "10 per", "10 per fortnight", ";"])
def test_a_limit_is_one_that_can_be_counted(notation: str) -> None:
    assert refused(submit_limit=notation).startswith("Value error")

import stat
from pathlib import Path

import pytest
from conftest import KEY, at_once
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
    ],
)
def test_a_site_has_an_address(url: str) -> None:
    assert "address" in refused(site_url=url)


@pytest.mark.parametrize(
    ("url", "path", "secure"),
    [
        ("http://127.0.0.1:8000", "", False),
        ("https://echo.example/", "", True),
        ("https://echo.example/a/b/", "/a/b", True),
    ],
)
def test_the_address_of_a_site_may_carry_a_path(url: str, path: str, *, secure: bool) -> None:
    settings = Settings(site_url=url)
    assert (settings.path, settings.secure) == (path, secure)


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


@pytest.mark.parametrize("url", ["", "nonsense", "/var/moderation.db"])
def test_the_database_is_one_we_know(url: str) -> None:
    assert "address" in refused(database_url=url)


def test_secrets_are_not_shown() -> None:
    shown = repr(
        Settings(secret_keys=(SecretStr(KEY),), smtp_url=SecretStr("smtp://a:secret@b"), mail_from="a@b")
    )
    assert KEY not in shown
    assert "secret@" not in shown


def test_a_key_is_made_once_and_is_the_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = at_once(*[Settings().keys] * 8)
    assert len({tuple(keys) for keys in told}) == 1
    assert Settings().keys() == told[0]
    assert len(told[0][0]) >= 32
    file = tmp_path / "var" / "secret_keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["secret_keys"]


def test_a_given_key_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(secret_keys=(SecretStr(KEY),)).keys() == [KEY]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "https://*.example.org",
        "www.example.org",
        "https://www.example.org/",
        "https://www.example.org/forum",
        "https://WWW.example.org",
        "https://www.example.org:443",
        "http://www.example.org:80",
        "https://ann@www.example.org",
        "https://www.éxample.org",
        "https://www.example.org?a",
        "ftp://www.example.org",
    ],
)
def test_an_origin_no_browser_would_name_is_refused_and_not_ignored(origin: str) -> None:
    assert "as browsers write them" in refused(public_origins=f"https://ok.example,{origin}")


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

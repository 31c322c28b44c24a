import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import browsers

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0", "Firefox, Android"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150) Gecko/2010 Firefox/150.0",
            "Firefox, Windows",
        ),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36", "Chrome, Linux"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "Chrome, Android"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/154.0", "Edge, Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 OPR/130.0", "Opera, Windows"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome, ChromeOS"),
        (
            f"{IPHONE} {WEBKIT} Version/19.0 Mobile Safari/604.1",
            "Safari, iPhone",
        ),
        (
            f"{IPHONE} {WEBKIT} FxiOS/150.0 Mobile Safari/605",
            "Firefox, iPhone",
        ),
        (
            f"{MAC} {WEBKIT} Version/19.0 Safari/605.1.15",
            "Safari, Mac",
        ),
        ("curl/8.5.0", ""),
        ("", ""),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_a_browser_is_known_by_a_short_name(user_agent: str, name: str) -> None:
    assert browsers.name(user_agent) == name


@given(st.text(), st.sampled_from(["Firefox/1", "Chrome/1 Android", "Windows"]))
def test_promise_09_a_name_is_one_of_few_whatever_is_sent(noise: str, sign: str) -> None:
    words = {*browsers.BROWSERS.values(), *browsers.SYSTEMS.values()}
    assert set(filter(None, browsers.name(f"{noise} {sign} {noise}").split(", "))) <= words

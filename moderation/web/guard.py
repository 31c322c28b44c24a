"""Around every request: who may post from where, and the headers every answer carries."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation import logs

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# No inline script or style, nothing from elsewhere, no framing: a hole in the sanitiser still runs nothing.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# The pictures of an article may be elsewhere, where the site that has it keeps them; no other page shows any.
WITH_PICTURES = POLICY.replace("img-src 'self'", "img-src 'self' https:")
# What is data and no page (JSON, feeds) may do nothing at all, should a browser ever open it as one.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
# Browsers ignore these over plain HTTP, and complain.
SECURE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
# What pages of PUBLIC_ORIGINS may post to, and nothing else.
PUBLIC_FORM = re.compile(r"(?:/api/v1)?/articles/[^/]+/comments|/articles/[^/]+/fragment", re.ASCII)
# Where mail programs end letters by themselves (RFC 8058, 3.2: a form of either kind).
ONE_CLICK = re.compile(r"/(?:mail|bulletin|unfollow)/[^/]+", re.ASCII)
FOR_EVER = "public, max-age=31536000, immutable"
# All that is read; or nothing. Other kinds would be taken apart while everybody waits, multipart/form-data in
# whatever encoding its sender names; no form of ours is sent as that.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_READ = re.compile(
    r"application/json[ \t]*(?:;.*)?"
    r'|(?P<form>application/x-www-form-urlencoded)[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?'
    r"|",
    re.ASCII | re.IGNORECASE,
)
# Ten thousand characters, each four bytes of UTF-8 and those written with a percent sign, are 120 kB.
LARGEST_BODY = 128 * 1024
# The thousand words a site may look out for, ticked to be removed; Starlette takes no more.
MOST_FIELDS = 1000


class Guard:
    """Refuses what another site's page posts: by Sec-Fetch-Site, else by Origin; neither is not a browser.

    The forms carry no token of the session beside this: browsers too old for Sec-Fetch-Site (Safari before
    16.4, Firefox before 90) send Origin with a POST, and those that may send neither (Firefox before 70) keep
    a `SameSite=Lax` cookie from it. A token would protect nobody else, and be one more way to lose a text.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        site_url: str,
        public_origins: Sequence[str],
        refusal: Callable[[str, int], Response],
    ) -> None:
        """`site_url` as the settings have it; `refusal` makes the answer for a path and a status."""
        self._app = app
        self._public_origins = frozenset(public_origins)
        self._refusal = refusal
        parts = urlsplit(site_url)
        self._host = parts.netloc
        self._origin = f"{parts.scheme}://{self._host}"
        self._headers = dict(HEADERS)
        if parts.scheme == "https":
            self._headers |= SECURE_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        asked = scope["method"]
        if asked == "POST" and ONE_CLICK.fullmatch(scope["path"]):
            scope = _unread(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), message["status"])
                if message["status"] == 200 and scope["path"].startswith("/static/"):
                    MutableHeaders(scope=message)["Cache-Control"] = FOR_EVER
            elif asked == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        refused = self._refused(scope)
        if refused:
            await self._refusal(scope["path"], refused)(scope, receive, with_headers)
            return
        if asked == "HEAD":
            # GET without a body, for every address: mail scanners ask that way first.
            scope["method"] = "GET"
        await self._app(scope, _bounded(scope, receive), with_headers)

    def _add(self, headers: MutableHeaders, status: int) -> None:
        is_data = headers.get("content-type", "").startswith("application/")
        headers.setdefault("Content-Security-Policy", DATA_POLICY if is_data else POLICY)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if status != 304:
            # Whatever may be kept, and by whom, says so itself.
            headers.setdefault("Cache-Control", "no-store")

    def _refused(self, scope: Scope) -> int | None:
        """The status for what goes no further."""
        if _CONTROL.search(scope["path"]):
            return 404  # a line end at its end would be passed over here, and not by a server in front
        if scope["method"] in SAFE:
            return None
        if self._is_foreign(scope):
            logs.security("refused as foreign")
            return 403
        return None if all(_kinds(scope)) else 415

    def _is_foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin in self._public_origins and PUBLIC_FORM.fullmatch(scope["path"]):
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in {"same-origin", "none"}
        return origin is not None and origin != self._origin and not self._is_of_host(origin, headers)

    def _is_of_host(self, origin: str, headers: Headers) -> bool:
        """Whether it is the host that was asked for: the site may have others, as an onion service."""
        host = headers.get("host", "")
        # Under the host of SITE_URL, its scheme alone is the site: on the way, plain HTTP is anybody's.
        return host not in {"", self._host} and origin in {f"http://{host}", f"https://{host}"}


def _unread(scope: Scope) -> Scope:
    """Without saying what its body is, where that is a form mail programs send: that they ask says it all."""
    kinds = Headers(scope=scope).getlist("content-type")
    if not any(kind.lower().startswith("multipart/form-data") for kind in kinds):
        return scope
    left = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": left}


def _kinds(scope: Scope) -> list[re.Match[str] | None]:
    """What the body is said to be, once as a rule; None for what is not read."""
    return [_READ.fullmatch(kind) for kind in Headers(scope=scope).getlist("content-type")]


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Counts what really arrives, whatever length was announced or none."""
    is_form = any(kind and kind["form"] for kind in _kinds(scope))
    received = fields = 0

    async def bounded() -> Message:
        nonlocal received, fields
        message = await receive()
        body = message.get("body", b"")
        received += len(body)
        fields += body.count(b"&") if is_form else 0
        if received > LARGEST_BODY or fields >= MOST_FIELDS:
            raise HTTPException(413)
        return message

    return bounded

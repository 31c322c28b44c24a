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
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
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
PUBLIC_FORM = re.compile(r"(?:/api/v1)?/articles/[^/]+/comments", re.ASCII)
FOR_EVER = "public, max-age=31536000, immutable"
LARGEST_BODY = 256 * 1024


class Guard:
    """Refuses what another site's page posts (Sec-Fetch-Site, else Origin; neither is not a browser)."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        site_url: str,
        public_origins: Sequence[str],
        refusal: Callable[[], Response],
    ) -> None:
        self._app = app
        self._public_origins = frozenset(public_origins)
        self._refusal = refusal
        parts = urlsplit(site_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._headers = dict(HEADERS)
        if parts.scheme == "https":
            self._headers |= SECURE_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        asked = scope["method"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message))
                if message["status"] == 200 and scope["path"].startswith("/static/"):
                    MutableHeaders(scope=message)["Cache-Control"] = FOR_EVER
            elif asked == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        if self._is_foreign(scope):
            logs.security("refused as foreign")
            await self._refusal()(scope, receive, with_headers)
            return
        if asked == "HEAD":
            # GET without a body, for every address: mail scanners ask that way first.
            scope["method"] = "GET"
        await self._app(scope, _bounded(receive), with_headers)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in SAFE:
            return False
        headers = Headers(scope=scope)
        if headers.get("origin") in self._public_origins and PUBLIC_FORM.fullmatch(scope["path"]):
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in {"same-origin", "none"}
        origin = headers.get("origin")
        if origin is None:
            return False
        host = headers.get("host", "")
        return origin not in {self._origin, f"http://{host}", f"https://{host}"}


def _bounded(receive: Receive) -> Receive:
    """Counts what really arrives, whatever length was announced or none."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return bounded

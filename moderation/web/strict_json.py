"""JSON that says one thing, and briefly: an object names no field twice, as readers would differ, and few."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

# Several times what any of ours has. Each that is unknown would be looked at and answered.
MOST_NAMES = 50


class _Request(Request):
    async def json(self) -> Any:
        # UTF-8, as RFC 8259 has it: `json` itself would guess, and a proxy read something else.
        return json.loads((await self.body()).decode(), object_pairs_hook=_object)


class Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_Request(request.scope, request.receive))

        return handle_strictly


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise HTTPException(400, f"An object of the body names more than {MOST_NAMES} fields.")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise HTTPException(400, "The body names a field twice.")
    return found

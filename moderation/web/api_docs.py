"""The API's description: an example for every operation, and a page to read without any script."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from moderation.web.dependencies import ThisApp

router = APIRouter(include_in_schema=False)
Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    needs_token: bool
    parameters: tuple[tuple[str, str, bool], ...]
    request: str
    answers: tuple[tuple[str, str], ...]


@router.get("/docs")
def docs(app: ThisApp, request: Request) -> Response:
    api: FastAPI = request.app
    return app.page("api.html", _operations(api.openapi()), headers={"Cache-Control": "public, no-cache"})


class Described(FastAPI):
    """Describes itself when it is asked to: that takes longer than all the rest of a start."""

    def openapi(self) -> Schema:
        if self.openapi_schema is None:
            self.openapi_schema = _with_examples(super().openapi())
        return self.openapi_schema


def _with_examples(described: Schema) -> Schema:
    """Adds to each request and answer an example made of its fields' own."""
    shapes: Schema = described["components"]["schemas"]
    for operation in _each(described):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values():
                if "schema" in media:
                    media["example"] = example(media["schema"], shapes)
    return described


def _each(described: Schema) -> list[Schema]:
    return [operation for path in described["paths"].values() for operation in path.values()]


def example(schema: Schema, shapes: Schema) -> Any:
    """What a value of that schema may look like."""
    if "$ref" in schema:
        return example(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    given = [*schema.get("examples", ()), *schema.get("enum", ())]
    given += [schema[key] for key in ("default", "const") if key in schema]
    return given[0] if given else _made(schema, shapes)


def _made(schema: Schema, shapes: Schema) -> Any:
    if "anyOf" in schema:
        return example(schema["anyOf"][0], shapes)
    match schema.get("type"):
        case "array":
            return [example(schema["items"], shapes)]
        case "object":
            return {name: example(field, shapes) for name, field in schema.get("properties", {}).items()}
        case kind:
            return {"string": "", "integer": 1, "boolean": False}.get(str(kind))


def _operations(described: Schema) -> tuple[Operation, ...]:
    prefix = described["servers"][0]["url"]
    return tuple(
        Operation(
            method=method.upper(),
            path=prefix + path,
            summary=operation["summary"],
            needs_token="security" in operation,
            parameters=tuple(
                (parameter["name"], parameter["in"], parameter["required"])
                for parameter in operation.get("parameters", ())
            ),
            request=_shown(operation.get("requestBody", {})),
            answers=tuple((status, _shown(answer)) for status, answer in operation["responses"].items()),
        )
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )


def _shown(body: Schema) -> str:
    for media in body.get("content", {}).values():
        if "example" in media:
            return json.dumps(media["example"], ensure_ascii=False, indent=2)
    return ""

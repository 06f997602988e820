"""The OpenAPI document: what every endpoint takes and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bokwon.serve.parameters import DETECT, MASKS, RESTORE, Parameter
from bokwon.serve.problems import MEDIA_TYPE
from bokwon.serve.settings import Settings
from bokwon.serve.work import MEDIA_TYPES
from bokwon.version import __version__

__all__ = ["PREFIX", "SCHEMAS", "json_answer", "make_document", "problems"]

PREFIX = "/api/v1"
"""Where the interface begins."""

_REASONS = {
    400: "The request cannot be read.",
    401: "It has no valid token.",
    403: "It has a foreign host name, or comes from a foreign web page.",
    404: "It does not exist.",
    405: "The method is not allowed.",
    408: "The upload stopped.",
    409: "A file is in use, or cannot be used.",
    412: "It was changed meanwhile.",
    413: "The upload is too large.",
    415: "The body is of another type.",
    422: "A parameter or a file cannot be used; `detail` and `fix` say why, and what to do.",
    429: "Too many requests are waiting.",
    500: "Something went wrong in the server.",
    503: "The server is stopping, the work took too long, or something is not installed.",
}
_RETRY = {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT = {"type": "integer", "minimum": 0}

SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "What is wrong (RFC 9457).",
        "required": ["type", "status", "title", "detail"],
        "properties": {
            "type": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "title": {"type": "string", "description": "The kind of problem."},
            "detail": {"type": "string", "description": "What is wrong this time."},
            "fix": {"type": "string", "description": "What to do."},
        },
    },
    "Job": {
        "type": "object",
        "required": ["id", "kind", "page", "state", "progress", "problem", "background", "outcome"],
        "properties": {
            "id": {"type": "string"},
            "kind": {"type": "string"},
            "page": {"type": ["string", "null"]},
            "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
            "progress": _SHARE,
            "problem": {"anyOf": [{"type": "null"}, {"type": "object"}]},
            "background": {"type": "boolean", "description": "Whether other work goes first."},
            "outcome": {
                "anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Outcome"}],
                "description": "Result of the pages of a folder so far; null for other work.",
            },
        },
    },
    "Outcome": {
        "type": "object",
        "required": ["done", "skipped", "failed", "failures"],
        "properties": {
            "done": {
                "type": "object",
                "description": "Number of pages of each result.",
                "additionalProperties": _COUNT,
            },
            "skipped": {
                "type": "object",
                "description": "Number of pages for each reason.",
                "additionalProperties": _COUNT,
            },
            "failed": _COUNT,
            "failures": {
                "type": "array",
                "description": "File and problem of each failure, at the end; at most 100.",
                "items": {
                    "type": "object",
                    "required": ["page", "name", "problem"],
                    "properties": {
                        "page": {"type": "string"},
                        "name": {"type": "string"},
                        "problem": {"type": "object"},
                    },
                },
            },
        },
    },
    "Reading": {
        "type": "object",
        "required": ["width", "height", "reading", "plain", "share"],
        "properties": {
            "width": _COUNT,
            "height": _COUNT,
            "reading": {"type": "string", "description": "How the mask was read, in words."},
            "plain": {"type": "boolean", "description": "Whether that is the usual way: white on black."},
            "share": _SHARE,
        },
    },
    "Regions": {
        "type": "object",
        "required": ["width", "height", "undamaged", "share", "regions"],
        "properties": {
            "width": _COUNT,
            "height": _COUNT,
            "undamaged": {"type": "boolean"},
            "share": _SHARE,
            "regions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["kind", "box", "area", "confidence", "filled"],
                    "properties": {
                        "kind": {"type": "string"},
                        "box": {
                            "type": "array",
                            "description": "Left, top, right, bottom in pixels; right and bottom exclusive.",
                            "items": _COUNT,
                            "minItems": 4,
                            "maxItems": 4,
                        },
                        "area": _COUNT,
                        "confidence": _SHARE,
                        "filled": {"type": "boolean", "description": "Whether it is in the mask."},
                    },
                },
            },
        },
    },
}


def problems(*statuses: int) -> dict[str, Any]:
    """Return the answers of problems, by status."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {
            "description": _REASONS[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": _RETRY} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def json_answer(description: str, schema: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return an answer of JSON.

    Args:
        description: What it is.
        schema: Its schema, or the name of one of `SCHEMAS`.
    """
    shape = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return {"description": description, "content": {"application/json": {"schema": shape}}}


def make_document(settings: Settings, more_paths: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the OpenAPI document.

    Args:
        settings: Those of the server.
        more_paths: Paths of an opened folder, below `PREFIX`, with the answers that only they have.
    """
    # Every request may be refused so, by the guard.
    guarded = problems(403, *((401,) if settings.is_guarded else ()))
    paths: dict[str, Any] = {**_paths(), **(more_paths or {})}
    described = {}
    for path, methods in paths.items():
        described[PREFIX + path] = {
            method: {**operation, "responses": {**operation["responses"], **guarded}}
            if isinstance(operation, dict) and "responses" in operation
            else operation
            for method, operation in methods.items()
        }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "bokwon",
            "version": __version__,
            "description": "Restores damaged documents and photographs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": described,
        "components": {"schemas": SCHEMAS},
    }
    if settings.is_guarded:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        document["paths"][f"{PREFIX}/health"]["get"]["security"] = []
    return document


def _paths() -> dict[str, Any]:
    facts = {
        "Bokwon-Facts": {
            "description": "More facts, as JSON in ASCII: share of the page that is hole, and more.",
            "required": True,
            "schema": {"type": "string"},
        }
    }
    png = {"image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}}}
    outputs = {kind: {"schema": {"type": "string"}} for kind in (*MEDIA_TYPES.values(), "application/zip")}

    def found(schema: str) -> dict[str, Any]:
        return {
            "description": "The picture, or the facts alone.",
            # Of the picture alone: JSON holds the facts itself.
            "content": {**png, **json_answer("", schema)["content"]},
        }

    job = json_answer("The job, if the request does not wait for it.", "Job")
    location = {"Location": {"description": "Of the job.", "required": True, "schema": {"type": "string"}}}
    upload = {"202": {**job, "headers": location}, **problems(400, 408, 413, 415, 422, 429, 503)}
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/restore": {
            "post": {
                "operationId": "restore",
                "summary": "Restore an image: fill its holes.",
                "description": "The output has the image's own format, unless another is asked for.",
                "parameters": _in_query(RESTORE),
                "requestBody": _form(RESTORE, image="The damaged image.", mask="Its mask. Without one it is found."),
                "responses": {
                    "200": {"description": "The restored image.", "headers": facts, "content": outputs},
                    **upload,
                },
            }
        },
        "/detect": {
            "post": {
                "operationId": "detect",
                "summary": "Find the damage of a page.",
                "parameters": _in_query(DETECT),
                "requestBody": _form(DETECT, image="The image."),
                "responses": {"200": found("Regions"), **upload},
            }
        },
        "/masks": {
            "post": {
                "operationId": "masks",
                "summary": "Describe how a mask is read.",
                "parameters": _in_query(MASKS),
                "requestBody": _form(MASKS, raw=False, image="The image.", mask="The mask."),
                "responses": {"200": found("Reading"), **upload},
            }
        },
        "/jobs/{id}": {
            "parameters": [name],
            "get": {
                "operationId": "job",
                "summary": "Return the progress of a job.",
                "responses": {"200": json_answer("The job.", "Job"), **problems(404)},
            },
            "delete": {
                "operationId": "cancelJob",
                "summary": "Cancel a job.",
                "responses": {"200": json_answer("The job. It ends soon.", "Job"), **problems(404)},
            },
        },
        "/jobs/{id}/result": {
            "parameters": [name],
            "get": {
                "operationId": "result",
                "summary": "Return the result of a job that no request waited for. It can be fetched once.",
                "responses": {
                    "200": {
                        "description": "The answer that the request would have got.",
                        "content": {**outputs, **json_answer("", {"type": "object"})["content"]},
                    },
                    **problems(404, 409, 422, 503),
                },
            },
        },
        "/events": {
            "get": {
                "operationId": "events",
                "summary": "Stream what happens to jobs and pages, as server-sent events.",
                "responses": {
                    "200": {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
                },
            }
        },
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "Check that the server answers. Needs no token.",
                "responses": {
                    "200": json_answer("It does.", {"type": "object", "properties": {"status": {"const": "ok"}}})
                },
            }
        },
        "/version": {
            "get": {
                "operationId": "version",
                "summary": "Return the version, the models, and the limits.",
                "responses": {"200": json_answer("The version.", {"type": "object", "required": ["version"]})},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "Return this document.",
                "responses": {"200": json_answer("The document.", {"type": "object"})},
            }
        },
    }


def _in_query(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    return [
        {"name": item.name, "in": "query", "description": item.help, "schema": dict(item.schema)} for item in parameters
    ]


def _form(parameters: Sequence[Parameter], *, raw: bool = True, **files: str) -> dict[str, Any]:
    binary = {"type": "string", "format": "binary"}
    properties = {name: {**binary, "description": text} for name, text in files.items()}
    fields = {item.name: {**item.schema, "description": item.help} for item in parameters}
    required = [name for name in files if name == "image" or not raw]
    schema = {
        "type": "object",
        "properties": {**properties, **fields},
        "required": required,
        "additionalProperties": False,
    }
    content: dict[str, Any] = {"multipart/form-data": {"schema": schema}}
    if raw:
        content["application/octet-stream"] = {"schema": binary}
    return {"required": True, "description": "Parameters may stand in the form or in the query.", "content": content}

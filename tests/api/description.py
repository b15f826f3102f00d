"""Check responses against docs/openapi.json."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from tests.house.sources import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
MOUNTED: str = DOCUMENT["servers"][0]["url"]


def documented() -> set[tuple[str, str, int]]:
    """Return each path with its methods and response statuses."""
    return {
        (path, method, int(status))
        for path, item in DOCUMENT["paths"].items()
        for method in item.keys() & {"get", "post"}
        for status in item[method]["responses"]
    }


def path_of(url: str) -> str:
    """Return the documented path of a URL, with or without a trailing slash. Raises ``StopIteration``."""
    wanted = url.removeprefix(MOUNTED).rstrip("/")
    paths: list[str] = list(DOCUMENT["paths"])
    return next(path for path in paths if re.fullmatch(_pattern(path), wanted))


def assert_as_described(answer: Any) -> None:
    """Assert that a response's status, body and headers are documented for its path and method."""
    request = answer.wsgi_request
    operation = DOCUMENT["paths"][path_of(request.path)].get(request.method.lower())
    assert answer["Content-Type"] == "application/json", answer.content
    if answer.status_code == 405:
        assert operation is None
        return assert_matches(answer.json(), "Refusal")
    described = operation["responses"][str(answer.status_code)]
    assert_matches(answer.json(), described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2])
    for name, header in described.get("headers", {}).items():
        _assert_header(answer, name, header)
    return None


def assert_matches(body: Any, schema: str) -> None:
    """Assert that a body matches a schema."""
    root = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}
    assert [error.message for error in Draft202012Validator(root).iter_errors(body)] == [], body


def _assert_header(answer: Any, name: str, header: dict[str, Any]) -> None:
    if "$ref" in header:
        header = DOCUMENT["components"]["headers"][header["$ref"].rpartition("/")[2]]
    if header.get("required") or name in answer.headers:
        Draft202012Validator(header["schema"]).validate(answer.headers[name])


def _pattern(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path.rstrip("/")))

"""Read the samples of Safaricom's messages in ``tests/samples``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oscar_mpesa.daraja.transport import Response

SAMPLES = Path(__file__).resolve().parent.parent / "samples"

CHECKOUT_ID = "ws_CO_191220191020363925708374149"


def body(name: str) -> bytes:
    """Return a sample's bytes."""
    return (SAMPLES / f"{name}.json").read_bytes()


def fields(name: str) -> dict[str, Any]:
    """Return a sample's fields."""
    document: dict[str, Any] = json.loads(body(name))
    return document


def reply(name: str, *, status: int = 200) -> Response:
    """Return a sample as a response."""
    return Response(status=status, headers={}, body=body(name))

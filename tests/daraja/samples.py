"""What Safaricom sends, as kept in ``tests/samples``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oscar_mpesa.daraja.transport import Response

SAMPLES = Path(__file__).resolve().parent.parent / "samples"

CHECKOUT_ID = "ws_CO_191220191020363925708374149"


def body(name: str) -> bytes:
    """One sample, byte for byte."""
    return (SAMPLES / f"{name}.json").read_bytes()


def fields(name: str) -> dict[str, Any]:
    """One sample, to be changed."""
    document: dict[str, Any] = json.loads(body(name))
    return document


def reply(name: str, *, status: int = 200) -> Response:
    """One sample as an answer."""
    return Response(status=status, headers={}, body=body(name))

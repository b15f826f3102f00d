"""The signed parameters that travel between the shop and the bank."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

KEY = b"only for tests"


def pack(parameters: dict[str, Any]) -> dict[str, str]:
    """Return the two fields of a form that carries these parameters."""
    encoded = base64.urlsafe_b64encode(json.dumps(parameters).encode()).decode()
    return {"Ds_MerchantParameters": encoded, "Ds_Signature": _sign(encoded)}


def unpack(form: Any) -> dict[str, Any] | None:
    """Return the parameters of a form, or None if its signature is wrong."""
    encoded = form.get("Ds_MerchantParameters", "")
    if not hmac.compare_digest(_sign(encoded), form.get("Ds_Signature", "")):
        return None
    parameters: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded))
    return parameters


def _sign(encoded: str) -> str:
    return hmac.new(KEY, encoded.encode(), hashlib.sha512).hexdigest()

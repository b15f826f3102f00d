"""Build order statuses as other shops have them."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model


def forked_pipeline(monkeypatch: pytest.MonkeyPatch, pipeline: dict[str, Any]) -> Any:
    """Return Oscar's order model with the pipeline of a shop's fork, until the test ends."""
    order = get_model("order", "Order")
    monkeypatch.setattr(order, "pipeline", pipeline)
    return order

"""The statuses that an unpaid order passes through, added to the shop's own pipeline and never changed in it.

This file is imported before any model is, so it must import none.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from oscar_mpesa.conf import get_settings


def paid_status() -> str:
    """What a paid order becomes: the setting, else the shop's "Being processed", else its initial status."""
    named = get_settings().PAID_STATUS
    if named:
        return named
    pipeline = getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {})
    usual = "Being processed"
    initial: str = getattr(settings, "OSCAR_INITIAL_ORDER_STATUS", usual)
    return usual if usual in pipeline else initial


def mpesa_transitions() -> dict[str, tuple[str, ...]]:
    """The steps that M-Pesa needs; the keys with ``()`` are added only where the shop has no such status."""
    names, paid = get_settings(), paid_status()
    return {
        names.PENDING_STATUS: (paid, names.EXPIRED_STATUS, names.CANCELLED_STATUS),
        names.EXPIRED_STATUS: (paid, names.CANCELLED_STATUS),
        paid: (),
        names.CANCELLED_STATUS: (),
    }


def missing_transitions(pipeline: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Those of ``our_steps`` that a pipeline does not have, by the status they start from."""
    missing = {}
    for status, steps in mpesa_transitions().items():
        lacking = tuple(step for step in steps if step not in pipeline.get(status, ()))
        if lacking or status not in pipeline:
            missing[status] = lacking
    return missing


def extend_pipeline(pipeline: dict[str, Any]) -> dict[str, Any]:
    """A pipeline with our steps added; the shop's own keys keep what they have."""
    extended = dict(pipeline)
    for status, steps in missing_transitions(pipeline).items():
        extended[status] = tuple(extended.get(status, ())) + steps
    return extended


def extend_model(order_model: Any) -> None:
    """The same on the order model itself, for a fork that writes its pipeline into the class."""
    if get_settings().EXTEND_PIPELINE:
        order_model.pipeline = extend_pipeline(order_model.pipeline)


def extend_settings() -> None:
    """Add our steps to ``OSCAR_ORDER_STATUS_PIPELINE`` before Oscar's order model and forms read it, once."""
    if get_settings().EXTEND_PIPELINE:
        settings.OSCAR_ORDER_STATUS_PIPELINE = extend_pipeline(getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {}))

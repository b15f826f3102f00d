"""Add the statuses of unpaid orders to the shop's status pipeline. The shop's own transitions never change.

Django imports this module before any model, so it must not import models.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.order_statuses import next_statuses


class ExtendedPipeline(dict[str, Any]):
    """A status pipeline that keeps which statuses were added to it."""

    def __init__(self, pipeline: dict[str, Any]) -> None:
        super().__init__(pipeline)
        self.added: dict[str, tuple[str, ...]] = added_statuses(pipeline)


def paid_status() -> str:
    """Return a paid order's status: ``PAID_STATUS``, or what fits the shop's pipeline."""
    return get_settings().PAID_STATUS


def mpesa_transitions() -> dict[str, tuple[str, ...]]:
    """Return the transitions that M-PESA needs. A status with ``()`` must exist and needs no transition."""
    names, paid = get_settings(), paid_status()
    return {
        names.PENDING_STATUS: (paid, names.EXPIRED_STATUS, names.CANCELLED_STATUS),
        names.EXPIRED_STATUS: (paid, names.PENDING_STATUS, names.CANCELLED_STATUS),
        paid: (),
        names.CANCELLED_STATUS: (),
    }


def missing_transitions(pipeline: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the transitions of ``mpesa_transitions`` that a pipeline lacks, by the status they start from."""
    missing = {}
    for status, targets in mpesa_transitions().items():
        absent = tuple(target for target in targets if target not in next_statuses(pipeline.get(status)))
        if absent or status not in pipeline:
            missing[status] = absent
    return missing


def extend_pipeline(pipeline: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a pipeline with the missing transitions added. Existing ones stay."""
    extended = ExtendedPipeline(pipeline)
    for status, targets in missing_transitions(pipeline).items():
        if status not in pipeline:
            extended.added[status] = targets
        extended[status] = next_statuses(extended.get(status)) + targets
    return extended


def added_statuses(pipeline: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the statuses that a pipeline has only because the app added them, with their transitions."""
    return dict(pipeline.added) if isinstance(pipeline, ExtendedPipeline) else {}


def extend_model(order_model: Any) -> None:
    """Extend the pipeline on the order model itself, for a fork that defines it on the class."""
    if get_settings().EXTEND_PIPELINE:
        order_model.pipeline = extend_pipeline(order_model.pipeline)


def extend_settings() -> None:
    """Extend ``OSCAR_ORDER_STATUS_PIPELINE`` before Oscar's order model and forms read it. Idempotent."""
    if get_settings().EXTEND_PIPELINE:
        settings.OSCAR_ORDER_STATUS_PIPELINE = extend_pipeline(getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {}))

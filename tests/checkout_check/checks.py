"""Run the check of the checkout, and count the rows of all tables."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.setup_check.findings import Finding, Level

REACHED = {"phone-step-ok", "preview-ok", "order-ok", "push-ok"}


def check() -> dict[str, Finding]:
    """Return the findings by their names."""
    return {finding.name: finding for finding in run_checkout_check()}


def problems(findings: dict[str, Finding]) -> dict[str, Finding]:
    """Return the findings that are not OK."""
    return {name: finding for name, finding in findings.items() if finding.level is not Level.OK}


def row_counts() -> dict[str, int]:
    """Return how many rows each table has."""
    models: list[Any] = [model for by_name in apps.all_models.values() for model in by_name.values()]
    return {model._meta.db_table: model._base_manager.count() for model in models if model._meta.managed}

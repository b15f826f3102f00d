"""System checks: each configuration mistake has an id, a message and a hint, listed in docs/checks.md.

The set-up page and ``mpesa_check_setup`` show the same messages in the reader's language.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from oscar_mpesa.checks.configuration import (
    check_callback_address,
    check_callback_path,
    check_configuration,
    check_spelling,
)
from oscar_mpesa.checks.deployment import check_cache, check_deployment, check_mail
from oscar_mpesa.checks.shop import check_checkout, check_currency, check_isolation, check_owner_check, check_pipeline

__all__ = [
    "check_cache",
    "check_callback_address",
    "check_callback_path",
    "check_checkout",
    "check_configuration",
    "check_currency",
    "check_deployment",
    "check_isolation",
    "check_mail",
    "check_owner_check",
    "check_pipeline",
    "check_spelling",
    "register_all",
]

#: All our checks have this tag, by which the set-up page runs them.
TAG = "oscar_mpesa"


def register_all() -> None:
    """Register the checks; calling it again adds nothing."""
    for check in (check_configuration, check_spelling, check_callback_address, check_pipeline, check_currency):
        register(check, TAG)
    for check in (check_isolation, check_owner_check):
        register(check, TAG)
    for check in (check_checkout, check_callback_path):
        register(check, Tags.urls, TAG)
    for check in (check_cache, check_deployment, check_mail):
        register(check, TAG, deploy=True)

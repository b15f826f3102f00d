"""System checks: each configuration mistake has an id, a message and a hint, listed in docs/checks.md.

The set-up page and ``mpesa_check_setup`` show the same messages in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeAlias

from django.core.checks import CheckMessage, Tags, register

from oscar_mpesa.checks.configuration import (
    check_callback_address,
    check_callback_path,
    check_callback_policy,
    check_configuration,
    check_spelling,
)
from oscar_mpesa.checks.deployment import check_cache, check_deployment, check_mail
from oscar_mpesa.checks.messages import as_warning
from oscar_mpesa.checks.shop import (
    check_checkout,
    check_currency,
    check_isolation,
    check_other_methods,
    check_owner_check,
    check_pipeline,
    check_wake,
)

__all__ = [
    "check_cache",
    "check_callback_address",
    "check_callback_path",
    "check_callback_policy",
    "check_checkout",
    "check_configuration",
    "check_currency",
    "check_deployment",
    "check_isolation",
    "check_mail",
    "check_other_methods",
    "check_owner_check",
    "check_pipeline",
    "check_spelling",
    "check_wake",
    "register_all",
]

#: All our checks have this tag, by which the set-up page runs them.
TAG = "oscar_mpesa"

Check: TypeAlias = Callable[..., Iterable[CheckMessage]]


def register_all() -> None:
    """Register the checks; calling it again adds nothing.

    Django's commands, ``migrate`` among them, refuse to run at the level of an error. A mistake that only stops M-PESA
    must not stop the shop, so its level is a warning everywhere but in ``check --deploy``.
    """
    for checks, tags in _CHECKS:
        for mild, strict in checks:
            register(mild, *tags)
            register(strict, *tags, deploy=True)
    for check in (check_cache, check_deployment, check_mail):
        register(check, TAG, deploy=True)


def _levels_of(check: Check) -> tuple[Check, Check]:
    """Return the check with its errors as warnings, and the check with its errors only."""

    @wraps(check)
    def mild(**kwargs: Any) -> list[CheckMessage]:
        return [as_warning(message) for message in check(**kwargs)]

    @wraps(check)
    def strict(**kwargs: Any) -> list[CheckMessage]:
        return [message for message in check(**kwargs) if message.is_serious()]

    return mild, strict


#: Our checks with their tags, each as a pair of functions that stay the same: the registry is a set.
_CHECKS = (
    (
        tuple(
            _levels_of(check)
            for check in (
                check_configuration,
                check_spelling,
                check_callback_address,
                check_callback_policy,
                check_pipeline,
                check_currency,
                check_isolation,
                check_owner_check,
                check_wake,
            )
        ),
        (TAG,),
    ),
    (
        tuple(_levels_of(check) for check in (check_checkout, check_callback_path, check_other_methods)),
        (Tags.urls, TAG),
    ),
)

"""Walk through the checkout by each payment method, in transactions that are rolled back, and list the findings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import router, transaction
from django.urls import NoReverseMatch, reverse

from oscar_mpesa.checkout_check.browser import Browser, own_host
from oscar_mpesa.checkout_check.findings import as_finding
from oscar_mpesa.checkout_check.other_methods import OtherMethod, other_methods, try_method
from oscar_mpesa.checkout_check.problems import Problem
from oscar_mpesa.checkout_check.shopper import NoProduct, Shopper, new_shopper
from oscar_mpesa.checkout_check.walk import Chooser, Walk
from oscar_mpesa.conf import get_settings
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.setup_check.findings import Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The host name of the requests, and whether they use https."""

    host: str
    is_secure: bool


def run_checkout_check(*, by: Any = None, host: str = "", is_secure: bool | None = None) -> list[Finding]:
    """Buy a product by M-PESA and choose each other method, through the shop's own views. Return the findings.

    Every change is rolled back, no hook of a commit runs, and nothing is sent to Safaricom. The shop's own code runs
    as for any order, its receivers of ``order_placed`` among it. ``host`` and ``is_secure`` describe the requests. Must
    run outside a transaction. Raises ``PermissionDenied`` if ``by`` lacks ``oscar_mpesa.act_on_payment``.
    """
    if by is not None:
        require_permission(by, "act_on_payment")
    require_no_transaction()
    address = Address(
        host=host or own_host(), is_secure=settings.SECURE_SSL_REDIRECT if is_secure is None else is_secure
    )
    findings = [as_finding(problem) for problem in _problems(address)]
    return sorted(findings, key=lambda finding: list(Level).index(finding.level))


def _problems(address: Address) -> Iterator[Problem]:
    try:
        reverse("checkout:payment-details")
    except NoReverseMatch:
        yield Problem(name="no-checkout")
        return
    walk = None
    refusal = _not_available()
    if refusal is None:
        try:
            with _shopper(address) as shopper:
                walk = Walk(shopper).run()
        except NoProduct as error:
            yield Problem(name="no-product", params={"currencies": str(error)})
            return
        yield from [Problem(name=name) for name in dict.fromkeys(walk.reached)]
        yield from [*walk.warnings, *([walk.problem] if walk.problem is not None else [])]
    else:
        yield refusal
    if walk is None or walk.problem is None or walk.problem.name != "own-step":
        yield from _other_problems(address, walk.chooser if walk is not None else None)


def _not_available() -> Problem | None:
    """Return why M-PESA is offered to nobody, so that no shopper can choose it."""
    ours = get_settings()
    if ours.faults:
        return Problem(name="settings-first", params={"faults": ", ".join(ours.faults)})
    return Problem(name="not-offered") if ours.available_to == "nobody" else None


def _other_problems(address: Address, chooser: Chooser | None) -> Iterator[Problem]:
    try:
        yield from [_problem_of(method, chooser, address) for method in other_methods(chooser)]
    except NoProduct as error:
        yield Problem(name="no-product", params={"currencies": str(error)})


def _problem_of(method: OtherMethod, chooser: Chooser | None, address: Address) -> Problem:
    with _shopper(address) as shopper:
        return try_method(method, chooser, shopper)


@contextmanager
def _shopper(address: Address) -> Iterator[Shopper]:
    """Yield a shopper to whom M-PESA is offered, in front of the payment step. Take everything back at the end."""
    browser = Browser(host=address.host, is_secure=address.is_secure)
    try:
        with _rolled_back():
            yield new_shopper(browser, is_staff=get_settings().available_to == "staff")
    finally:
        _forget_sessions(browser)


@contextmanager
def _rolled_back() -> Iterator[None]:
    """Open a transaction on each database of the shop's models, and roll all of them back."""
    models = [model for by_name in apps.all_models.values() for model in by_name.values()]
    aliases = {router.db_for_write(model) for model in models}
    with ExitStack() as stack:
        for alias in sorted(aliases):
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        yield


def _forget_sessions(browser: Browser) -> None:
    """Delete the sessions that a cache or a file keeps after the rollback."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = [getattr(visit.request, "session", None) for visit in browser.visits]
    for key in {session.session_key for session in sessions if session is not None and session.session_key}:
        store().delete(key)

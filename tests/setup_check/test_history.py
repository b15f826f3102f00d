"""Findings from the shop's own rows and receivers: reconcile runs, ``order_placed``, swapped till and paybill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from oscar.apps.order.signals import order_placed

from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from oscar_mpesa.setup_check.findings import Finding
from oscar_mpesa.setup_check.history import history_findings
from oscar_mpesa.testing import ScriptedTransport
from tests.query_counts import counted
from tests.services.daraja_replies import CREDENTIALS, refusal
from tests.setup_check.probes import by_name
from tests.shop import ANOTHER, NOON, failure, later, new_payment, pay, post

pytestmark = pytest.mark.django_db(transaction=True)


def findings_after(seconds: float = 60) -> dict[str, Finding]:
    return by_name(history_findings(later(seconds)))


def ship_at_once(**_: Any) -> None:
    """Receive the signal as a function."""


class Packer:
    """Receives the signal in two more ways."""

    def pack(self, **_: Any) -> None:
        """Receive it as a method."""

    def __call__(self, **_: Any) -> None:
        """Receive it as a callable object."""


@pytest.fixture
def early_receivers() -> Iterator[None]:
    packer, gone = Packer(), Packer()
    receivers = [ship_at_once, packer.pack, packer]
    for each in receivers:
        order_placed.connect(each)
    order_placed.connect(gone.pack)
    del gone
    yield
    for each in receivers:
        order_placed.disconnect(each)


def test_missing_reconcile_runs_are_found() -> None:
    assert "every minute" in findings_after()["cron-never"].remedy


@pytest.mark.parametrize(
    ("minutes", "name"),
    [pytest.param(1, "cron-ok", id="a minute"), pytest.param(11, "cron-late", id="more than ten minutes")],
)
def test_last_reconcile_run_is_shown_in_nairobi_time(minutes: int, name: str) -> None:
    record_job_run(RECONCILE, now=NOON)

    assert "15:00" in findings_after(minutes * 60)[name].sentence


def test_receivers_of_oscar_are_not_reported() -> None:
    assert "receivers-ok" in findings_after()


@pytest.mark.usefixtures("early_receivers")
def test_receivers_of_order_placed_are_named() -> None:
    finding = findings_after()["placed-receivers"]

    module = __name__
    assert f"{module}.Packer, {module}.Packer.pack, {module}.ship_at_once" in finding.sentence
    assert "order_paid" in finding.remedy


@pytest.mark.parametrize("code", ["2028", "SFC_IC0003"])
def test_swapped_till_and_paybill_are_found_in_payments(code: str) -> None:
    payment = new_payment(phone=ANOTHER)
    post(payment, failure(payment, code=code))

    finding = findings_after()["swapped"]

    assert code in finding.sentence and "23.11.2026 at 15:00" in finding.sentence
    assert "MPESA_TILL_NUMBER is the till" in finding.remedy


def test_push_to_unknown_merchant_is_found(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    with replaced_transport(ScriptedTransport([refusal("500.001.1001", "Merchant does not exist", status=500)])):
        new_payment()

    assert "Merchant does not exist" in findings_after()["swapped"].sentence


def test_cancelled_payment_is_not_reported_as_swapped() -> None:
    payment = new_payment(phone=ANOTHER)
    post(payment, failure(payment, code=1032))

    findings = findings_after()

    assert "receivers-ok" in findings and "swapped" not in findings


def test_swapped_finding_clears_after_payment_or_a_week() -> None:
    payment = new_payment(phone=ANOTHER)
    post(payment, failure(payment, code="2028"))
    week = timedelta(days=7).total_seconds()

    before, after_a_week = findings_after(), findings_after(week + 1)
    pay(new_payment(now=later(30)), now=later(40))

    assert "swapped" in before
    assert "swapped" not in after_a_week
    assert "swapped" not in findings_after()


def test_history_makes_at_most_three_queries() -> None:
    payment = new_payment(phone=ANOTHER)
    post(payment, failure(payment, code="2028"))

    with counted() as count:
        findings_after()

    assert len(count) <= 3, str(count)

"""The closed table of payment transitions."""

from __future__ import annotations

from oscar_mpesa.domain import payment_status
from oscar_mpesa.domain.payment_status import PaymentStatus, is_allowed

LIVE = {PaymentStatus.PENDING, PaymentStatus.PROCESSING}
ENDED_UNPAID = {PaymentStatus.FAILED, PaymentStatus.CANCELLED, PaymentStatus.EXPIRED}

#: Every transition that the table allows.
TRANSITIONS = {
    (PaymentStatus.PENDING, PaymentStatus.PROCESSING),
    (PaymentStatus.PENDING, PaymentStatus.COMPLETED),
    (PaymentStatus.PENDING, PaymentStatus.FAILED),
    (PaymentStatus.PENDING, PaymentStatus.CANCELLED),
    (PaymentStatus.PENDING, PaymentStatus.EXPIRED),
    (PaymentStatus.PROCESSING, PaymentStatus.COMPLETED),
    (PaymentStatus.PROCESSING, PaymentStatus.FAILED),
    (PaymentStatus.PROCESSING, PaymentStatus.CANCELLED),
    (PaymentStatus.PROCESSING, PaymentStatus.EXPIRED),
    (PaymentStatus.FAILED, PaymentStatus.COMPLETED),
    (PaymentStatus.CANCELLED, PaymentStatus.COMPLETED),
    (PaymentStatus.EXPIRED, PaymentStatus.COMPLETED),
}


def test_every_status_is_either_live_or_final() -> None:
    assert payment_status.LIVE == LIVE
    assert ENDED_UNPAID | {PaymentStatus.COMPLETED} == payment_status.FINAL
    assert set(PaymentStatus) == LIVE | ENDED_UNPAID | {PaymentStatus.COMPLETED}


def test_table_allows_only_the_listed_transitions() -> None:
    assert {
        (before, after) for before in PaymentStatus for after in PaymentStatus if is_allowed(before, after)
    } == TRANSITIONS


def test_status_formats_as_its_column_value() -> None:
    assert f"{PaymentStatus.COMPLETED}" == "completed"

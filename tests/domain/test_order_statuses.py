"""The statuses of paid and canceled orders in the words of a shop's pipeline."""

from __future__ import annotations

import pytest

from oscar_mpesa.domain.order_statuses import Pipeline, canceled_status, paid_status

PENDING, EXPIRED = "Pending payment", "Payment expired"


@pytest.mark.parametrize(
    ("pipeline", "initial", "paid"),
    [
        pytest.param(
            {"Pending": ("Being processed",), "Being processed": ()}, "Pending", "Being processed", id="usual"
        ),
        pytest.param({"New": ("Packed",), "Packed": ()}, "New", "New", id="the initial status"),
        pytest.param({}, "New", "New", id="the initial status without a pipeline"),
        pytest.param({PENDING: (EXPIRED, "Paid"), "Paid": ()}, PENDING, "Paid", id="initial is pending"),
        pytest.param({PENDING: ("Gone",), "Old": (), "New": ("Sent",)}, "", "New", id="the first with a next one"),
        pytest.param({EXPIRED: ("New",), "Gone": ("New",)}, EXPIRED, "Being processed", id="only ours"),
        pytest.param({}, "", "Being processed", id="nothing"),
    ],
)
def test_paid_order_has_the_status_where_work_begins(pipeline: Pipeline, initial: str, paid: str) -> None:
    assert paid_status(pipeline, initial=initial, pending=PENDING, others=(EXPIRED, "Gone")) == paid


@pytest.mark.parametrize(
    ("statuses", "canceled"),
    [
        (("New", "Canceled", "Cancelled"), "Cancelled"),
        (("New", "CANCELLED"), "CANCELLED"),
        (("New", "canceled "), "canceled "),
        (("Mpya", "Imeghairiwa"), "Imeghairiwa"),
        (("Mpya", "imefutwa"), "imefutwa"),
        (("New", "Cancellation asked for", "Canceled by us"), "Cancelled"),
        ((), "Cancelled"),
    ],
)
def test_canceled_status_is_the_pipelines_own_word(statuses: tuple[str, ...], canceled: str) -> None:
    as_keys: Pipeline = dict.fromkeys(statuses, ())

    assert canceled_status(as_keys, taken=(PENDING,)) == canceled
    assert canceled_status({"Open": statuses}, taken=(PENDING,)) == canceled


def test_expired_status_is_never_the_canceled_one() -> None:
    assert canceled_status({"New": ("Canceled", "Imefutwa")}, taken=()) == "Canceled"
    assert canceled_status({"New": ("Canceled", "Imefutwa")}, taken=("Canceled",)) == "Imefutwa"

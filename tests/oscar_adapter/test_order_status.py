"""The statuses of unpaid orders are added to the shop's own pipeline."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.apps.order.exceptions import InvalidOrderStatus

from oscar_mpesa.checks.shop import check_pipeline
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import CloseReason
from oscar_mpesa.oscar_adapter.order_status import (
    extend_model,
    extend_pipeline,
    extend_settings,
    missing_transitions,
    mpesa_transitions,
    paid_status,
)
from oscar_mpesa.services.order_changes import apply_status
from tests.pipelines import forked_pipeline
from tests.shop import later, new_order, new_payment, pay

OF_THE_SHOP = {"New": ("Packed", "Cancelled"), "Packed": ("Sent",), "Sent": (), "Cancelled": ()}


def test_shop_without_pipeline_gets_all_transitions(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    del settings.OSCAR_ORDER_STATUS_PIPELINE
    del settings.OSCAR_INITIAL_ORDER_STATUS
    forked_pipeline(monkeypatch, {})

    extend_settings()

    assert settings.OSCAR_ORDER_STATUS_PIPELINE == {
        "Pending payment": ("Being processed", "Payment expired", "Cancelled"),
        "Payment expired": ("Being processed", "Pending payment", "Cancelled"),
        "Being processed": (),
        "Cancelled": (),
    }
    assert paid_status() == "Being processed"


def test_shops_own_transitions_stay(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)
    forked_pipeline(monkeypatch, dict(OF_THE_SHOP))
    settings.OSCAR_INITIAL_ORDER_STATUS = "New"

    extend_settings()

    extended = settings.OSCAR_ORDER_STATUS_PIPELINE
    assert {status: steps for status, steps in extended.items() if status in OF_THE_SHOP} == OF_THE_SHOP
    assert extended["Pending payment"] == ("New", "Payment expired", "Cancelled")


def test_extending_twice_adds_nothing(settings: Any) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)

    once = extend_pipeline(settings.OSCAR_ORDER_STATUS_PIPELINE)

    assert extend_pipeline(once) == once
    assert missing_transitions(once) == {}


def test_only_missing_transitions_are_added(settings: Any) -> None:
    theirs = {"Pending payment": ("Called back",)}

    extended = extend_pipeline(theirs)

    assert extended["Pending payment"] == ("Called back", *mpesa_transitions()["Pending payment"])
    assert theirs == {"Pending payment": ("Called back",)}


@pytest.mark.parametrize(
    ("named", "paid"),
    [
        pytest.param("", "Being processed", id="the usual one where the shop has it"),
        pytest.param("Packed", "Packed", id="the one that is named"),
    ],
)
def test_status_of_a_paid_order(settings: Any, named: str, paid: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "PAID_STATUS": named}

    assert paid_status() == paid
    assert mpesa_transitions()["Payment expired"] == (paid, "Pending payment", "Cancelled")


def test_shop_names_all_four_statuses(settings: Any) -> None:
    settings.OSCAR_MPESA = {
        "PENDING_STATUS": "Awaits",
        "PAID_STATUS": "Paid",
        "EXPIRED_STATUS": "Lapsed",
        "CANCELLED_STATUS": "Gone",
    }

    assert mpesa_transitions() == {
        "Awaits": ("Paid", "Lapsed", "Gone"),
        "Lapsed": ("Paid", "Awaits", "Gone"),
        "Paid": (),
        "Gone": (),
    }


def test_without_extend_pipeline_the_check_names_missing_transitions(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "EXTEND_PIPELINE": False}
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)
    forked = forked_pipeline(monkeypatch, dict(OF_THE_SHOP))

    extend_settings()
    extend_model(forked)

    assert settings.OSCAR_ORDER_STATUS_PIPELINE == forked.pipeline == OF_THE_SHOP
    assert [message.id for message in check_pipeline()] == ["oscar_mpesa.W001"]


@pytest.mark.parametrize(
    ("pipeline", "initial", "paid", "canceled"),
    [
        pytest.param({"New": ["Packed", "Canceled"], "Packed": []}, "New", "New", "Canceled", id="American, lists"),
        pytest.param({"Mpya": ("Imefungwa", "Imefutwa"), "Imefungwa": ()}, "Mpya", "Mpya", "Imefutwa", id="Swahili"),
        pytest.param(
            {"Pending payment": ("Packed",), "Packed": ()}, "Pending payment", "Packed", "Cancelled", id="same"
        ),
        pytest.param({"Open": ("Sent",), "Sent": ()}, None, "Open", "Cancelled", id="no initial status"),
        pytest.param({}, None, "Being processed", "Cancelled", id="no pipeline"),
        pytest.param({}, "New", "New", "Cancelled", id="no pipeline, and an initial status"),
    ],
)
def test_pipeline_of_a_forked_order_class_is_extended_in_its_words(
    settings: Any, monkeypatch: pytest.MonkeyPatch, pipeline: dict[str, Any], initial: Any, paid: str, canceled: str
) -> None:
    settings.OSCAR_INITIAL_ORDER_STATUS = initial
    forked = forked_pipeline(monkeypatch, dict(pipeline))
    before = [message.id for message in check_pipeline()]

    extend_model(forked)

    assert (paid_status(), get_settings().CANCELLED_STATUS) == (paid, canceled)
    assert {paid, canceled} <= set(forked.pipeline["Pending payment"])
    own = {status: steps for status, steps in pipeline.items() if status != "Pending payment"}
    assert {status: forked.pipeline[status] for status in own} == own
    assert (before, list(check_pipeline())) == (["oscar_mpesa.W001"], [])


@pytest.mark.django_db
@pytest.mark.parametrize("pipeline", [{}, {"Mpya": ("Imefutwa",), "Imefutwa": ()}], ids=["no pipeline", "own words"])
def test_order_is_paid_and_canceled_in_the_shops_words(
    settings: Any, monkeypatch: pytest.MonkeyPatch, pipeline: dict[str, Any]
) -> None:
    settings.OSCAR_INITIAL_ORDER_STATUS = next(iter(pipeline), None)
    extend_model(forked_pipeline(monkeypatch, dict(pipeline)))
    names = get_settings()
    paid, canceled = new_payment(), new_payment(new_order())

    pay(paid)
    canceled.mpesa_order.order.set_status(names.CANCELLED_STATUS)
    apply_status(canceled.mpesa_order.order, now=later(60))

    canceled.mpesa_order.refresh_from_db()
    assert paid.mpesa_order.order.status == (next(iter(pipeline), "Being processed"))
    assert canceled.mpesa_order.close_reason == CloseReason.STAFF


@pytest.mark.django_db
def test_oscar_follows_our_transitions_and_refuses_others() -> None:
    order = new_order()

    with pytest.raises(InvalidOrderStatus):
        order.set_status("Complete")
    order.set_status("Payment expired")
    order.set_status("Being processed")

    assert order.status == "Being processed"


@pytest.mark.parametrize(("steps", "kept"), [("Packed", ("Packed",)), (None, ())], ids=["without a comma", "none"])
def test_steps_that_are_one_text_stay_one_status(
    steps: Any, kept: tuple[str, ...], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OSCAR_INITIAL_ORDER_STATUS = "Pending payment"
    pipeline = {"Pending payment": steps, "Packed": ("Sent",), "Sent": ()}
    forked_pipeline(monkeypatch, pipeline)

    extended = extend_pipeline(pipeline)

    assert get_settings().PAID_STATUS == "Packed"
    assert extended["Pending payment"][: len(kept)] == kept
    assert set(extended) == {*pipeline, "Payment expired", "Cancelled"}

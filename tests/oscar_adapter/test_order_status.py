"""The statuses of an unpaid order, added to whatever pipeline the shop has."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.apps.order.exceptions import InvalidOrderStatus

from oscar_mpesa.checks.shop import check_pipeline
from oscar_mpesa.oscar_adapter.order_status import (
    extend_model,
    extend_pipeline,
    extend_settings,
    missing_transitions,
    mpesa_transitions,
    paid_status,
)
from tests.pipelines import forked_pipeline
from tests.shop import new_order

OF_THE_SHOP = {"New": ("Packed", "Cancelled"), "Packed": ("Sent",), "Sent": (), "Cancelled": ()}


def test_a_shop_without_a_pipeline_gets_all_the_steps_that_an_unpaid_order_needs(settings: Any) -> None:
    del settings.OSCAR_ORDER_STATUS_PIPELINE
    del settings.OSCAR_INITIAL_ORDER_STATUS

    extend_settings()

    assert settings.OSCAR_ORDER_STATUS_PIPELINE == {
        "Pending payment": ("Being processed", "Payment expired", "Cancelled"),
        "Payment expired": ("Being processed", "Cancelled"),
        "Being processed": (),
        "Cancelled": (),
    }
    assert paid_status() == "Being processed"


def test_a_shop_with_its_own_pipeline_keeps_every_step_of_it(settings: Any) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)
    settings.OSCAR_INITIAL_ORDER_STATUS = "New"

    extend_settings()

    extended = settings.OSCAR_ORDER_STATUS_PIPELINE
    assert {status: steps for status, steps in extended.items() if status in OF_THE_SHOP} == OF_THE_SHOP
    assert extended["Pending payment"] == ("New", "Payment expired", "Cancelled")


def test_extending_twice_adds_nothing_more(settings: Any) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)

    once = extend_pipeline(settings.OSCAR_ORDER_STATUS_PIPELINE)

    assert extend_pipeline(once) == once
    assert missing_transitions(once) == {}


def test_a_shop_that_has_some_of_our_steps_gets_the_others_beside_them(settings: Any) -> None:
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
def test_a_paid_order_becomes(settings: Any, named: str, paid: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "PAID_STATUS": named}

    assert paid_status() == paid
    assert mpesa_transitions()["Payment expired"] == (paid, "Cancelled")


def test_the_names_of_all_four_statuses_are_the_shops(settings: Any) -> None:
    settings.OSCAR_MPESA = {
        "PENDING_STATUS": "Awaits",
        "PAID_STATUS": "Paid",
        "EXPIRED_STATUS": "Lapsed",
        "CANCELLED_STATUS": "Gone",
    }

    assert mpesa_transitions() == {
        "Awaits": ("Paid", "Lapsed", "Gone"),
        "Lapsed": ("Paid", "Gone"),
        "Paid": (),
        "Gone": (),
    }


def test_with_extend_pipeline_off_nothing_is_added_and_the_check_says_what_is_missing(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "EXTEND_PIPELINE": False}
    settings.OSCAR_ORDER_STATUS_PIPELINE = dict(OF_THE_SHOP)
    forked = forked_pipeline(monkeypatch, dict(OF_THE_SHOP))

    extend_settings()
    extend_model(forked)

    assert settings.OSCAR_ORDER_STATUS_PIPELINE == forked.pipeline == OF_THE_SHOP
    assert [message.id for message in check_pipeline()] == ["oscar_mpesa.W001"]


def test_a_forked_order_that_writes_its_pipeline_into_the_class_is_extended_too() -> None:
    forked: Any = type("Order", (), {"pipeline": dict(OF_THE_SHOP)})

    extend_model(forked)

    assert missing_transitions(forked.pipeline) == {}
    assert forked.pipeline["Packed"] == ("Sent",)


@pytest.mark.django_db
def test_oscar_itself_goes_our_steps_and_refuses_others() -> None:
    order = new_order()

    with pytest.raises(InvalidOrderStatus):
        order.set_status("Complete")
    order.set_status("Payment expired")
    order.set_status("Being processed")

    assert order.status == "Being processed"

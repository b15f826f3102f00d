"""Orders are placed while others close, are canceled in bulk, or are reopened: no placement is lost (M9).

``RACE_ROUNDS`` sets how many rounds are run.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaLimitLock, MpesaOrder, MpesaPayment
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order, close_order
from tests.databases.shop_counters import assert_counters_agree
from tests.databases.threads import MAX_WAIT, BusyDaraja, after, at_once, clear_query_budget, new_payment, new_phone
from tests.oscar_adapter.offers import (
    ConditionalOffer,
    Voucher,
    new_basket,
    new_download,
    new_offer,
    new_voucher,
    place,
)
from tests.shop import failure, new_product, new_staff_user, post, success
from tests.shopper import Shopper

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(int(os.environ.get("RACE_ROUNDS", "4")))

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def shopper_with(products: list[Any], *vouchers: Any) -> Shopper:
    """Return a guest on the preview page, with these products in the basket and these vouchers."""
    shopper = Shopper()
    for product in products:
        shopper.puts_in_basket(product)
    Basket.objects.latest("pk").vouchers.add(*vouchers)
    shopper.gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    assert shopper.names_phone(new_phone().msisdn).status_code == 302
    return shopper


def unpaid(basket: Any, now: datetime) -> MpesaPayment:
    """Place an order whose time to pay is over at ``now``, and whose payment was canceled on the phone."""
    payment = new_payment(place(basket), now=now - timedelta(minutes=31))
    post(payment, failure(payment), now=now - timedelta(minutes=30))
    return payment


def cancel_in_dashboard(boss: Any, *payments: MpesaPayment) -> Any:
    """Cancel orders in one request of Oscar's dashboard."""
    client = Client()
    client.force_login(boss)
    ids = [payment.order_id for payment in payments]
    fields = {"action": "change_order_statuses", "new_status": "Cancelled", "selected_order": ids}
    return client.post(reverse("dashboard:order-list"), fields)


def pay_late(payment: MpesaPayment, now: datetime) -> Any:
    return post(payment, success(payment, number=f"SK{payment.pk:08}"), now=now)


def is_placed(answer: Any) -> bool:
    return "/checkout/mpesa/" in answer.headers.get("Location", "")


def undone(caplog: pytest.LogCaptureFixture) -> tuple[int, int]:
    """Return how many placements, and how many calls of services, the database undid."""
    messages = [record.getMessage() for record in caplog.records]
    return sum("undid the placement" in each for each in messages), sum("undid a call" in each for each in messages)


def test_no_placement_is_lost_while_orders_close_and_reopen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="oscar_mpesa")
    goods, downloads = [new_product(stock=9999), new_product(stock=9999)], [new_download(), new_download("Wimbo")]
    voucher = new_voucher(usage=Voucher.MULTI_USE)
    offers = ConditionalOffer.objects.filter(pk=new_offer(max_global_applications=99_999).pk)
    staff, boss = new_staff_user("close_order"), get_user_model().objects.create_superuser("boss", "b@example.com", "x")
    chance = random.Random(14)

    for index in ROUNDS:
        now = timezone.now()
        clear_query_budget()
        vouchers = [voucher] if index % 4 == 1 else []
        offers.update(status="Open" if index % 4 == 3 else "Suspended")  # a row that all lock first hides deadlocks
        products = (goods, downloads, goods + downloads)[index % 3]
        baskets = [chance.sample(products, size) for size in (2, 2, 2, 1, 1, 2)]
        closed, canceled, also_canceled, late = (
            unpaid(new_basket(*each, vouchers=vouchers), now) for each in baskets[2:]
        )
        assert close_expired_order(late.mpesa_order, now=now) is CloseResult.CLOSED
        shoppers = [shopper_with(each, *vouchers) for each in baskets[:2]]
        others: list[Callable[[], Any]] = [
            partial(close_order, closed.mpesa_order.order, by=staff, now=now),
            partial(cancel_in_dashboard, boss, canceled, also_canceled),
            partial(pay_late, late, now),
        ]
        delayed = [partial(after, chance.random() / 5, other) for other in others]
        answers = at_once([*(shopper.places_order for shopper in shoppers), *delayed])

        assert [is_placed(answer) for answer in answers[:2]] == [True, True]
        ended = MpesaOrder.objects.in_bulk([each.order_id for each in (closed, canceled, also_canceled, late)])
        assert [ended[pk].is_closed for pk in sorted(ended)] == [True, True, True, False]
        assert_counters_agree()

    logging.getLogger("tests").warning("%s rounds; placements and calls undone: %s", len(ROUNDS), undone(caplog))


def test_two_baskets_with_one_offer_and_voucher_are_both_counted() -> None:
    product = new_product(stock=9999)
    voucher = new_voucher(usage=Voucher.MULTI_USE)
    new_offer()

    for _ in ROUNDS:
        shoppers = [shopper_with([product], voucher), shopper_with([product], voucher)]
        answers = at_once([shopper.places_order for shopper in shoppers])
        assert all(map(is_placed, answers))
        assert_counters_agree()


def test_last_use_of_an_offer_goes_to_one_of_two_shoppers() -> None:
    product = new_product(stock=9999, price="1000.00")

    for _ in ROUNDS:
        ConditionalOffer.objects.all().delete()
        offer = new_offer(max_global_applications=1, max_basket_applications=1)
        shoppers = [shopper_with([product]), shopper_with([product])]
        answers = at_once([shopper.places_order for shopper in shoppers])
        won = [is_placed(answer) for answer in answers]
        offer.refresh_from_db()
        assert (sorted(won), offer.num_applications, offer.status) == ([False, True], 1, "Consumed")
        loser = shoppers[won.index(False)]
        page = loser.client.get(reverse("checkout:preview")).content.decode()
        assert "1,000" in page
        assert is_placed(loser.places_order())
        assert sorted(Order.objects.order_by("-pk").values_list("total_incl_tax", flat=True)[:2]) == [900, 1000]


def test_placement_that_a_real_deadlock_undid_is_repeated(daraja: BusyDaraja, caplog: pytest.LogCaptureFixture) -> None:
    """Let the shop's own code wait, while its order holds stock, for a row of another transaction that wants the stock.

    MariaDB undoes the transaction that has written less, and PostgreSQL the one that waits longer.
    """
    product, other = new_product(), new_product(title="Shuka")
    shopper, is_locked, is_placed_once = shopper_with([product]), threading.Event(), threading.Event()

    def wait_for_other(**_: Any) -> None:
        if not is_placed_once.is_set():
            is_placed_once.set()
            StockRecord.objects.select_for_update().get(product=other)

    @transaction.atomic
    def want_both() -> None:
        StockRecord.objects.select_for_update().get(product=other)
        rows = [MpesaLimitLock(key=f"{number:064}", used_at=timezone.now()) for number in range(500)]
        MpesaLimitLock.objects.bulk_create(rows)
        is_locked.set()
        assert is_placed_once.wait(MAX_WAIT)
        time.sleep(0.3)
        StockRecord.objects.select_for_update().get(product=product)

    def place_order() -> Any:
        assert is_locked.wait(MAX_WAIT)
        return shopper.places_order()

    order_placed.connect(wait_for_other)
    try:
        answer, _ = at_once([place_order, want_both])
    finally:
        order_placed.disconnect(wait_for_other)

    assert is_placed(answer)
    assert (undone(caplog), Order.objects.count(), daraja.pushes) == ((1, 0), 1, 1)
    assert Basket.objects.get().status == "Submitted"
    assert_counters_agree()

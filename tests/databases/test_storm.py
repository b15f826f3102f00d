"""Two hundred orders with every disaster at once, in many processes: in the end every shilling is accounted for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from django.db import connections
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import MONEY_ARRIVED
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.simulator.server import SANDBOX
from tests.databases.concurrency import LOOKS, make_older, whatever_waits
from tests.databases.emails import delivered
from tests.databases.processes import running
from tests.databases.storm import FarSimulator, Memory, chaos, reconcile_for_ever, stumbling_shop
from tests.databases.web import Browser, door, serve
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

SHOPPERS, ORDERS_EACH, AT_ONCE = 50, 4, 16
WEB_WORKERS, RECONCILERS = 4, 2

#: Seconds in which the reconcilers give up everything that they should have given up.
PATIENCE = 30

Line = get_model("order", "Line")
Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def simulator() -> Iterator[FarSimulator]:
    with chaos(seed=7) as simulator:
        yield simulator


@pytest.fixture
def open_door() -> Iterator[socket]:
    with door() as listening:
        yield listening


@pytest.fixture
def shop(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: FarSimulator, open_door: socket
) -> Iterator[str]:
    """Where the shop will be served, with a cache and a mail server that all processes share."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"http://127.0.0.1:{open_door.getsockname()[1]}"
    file_based = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": file_based, "LOCATION": str(tmp_path / "cache")}}
    settings.EMAIL_BACKEND = "tests.databases.emails.Letterbox"
    settings.EMAIL_FILE_PATH = str(tmp_path / "letters")
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "CONSUMER_KEY": SANDBOX.consumer_key,
        "CONSUMER_SECRET": SANDBOX.consumer_secret,
        "SHORTCODE": SANDBOX.shortcode,
        "PASSKEY": SANDBOX.passkey,
        "CALLBACK_URL": address + reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0"),
        "BASE_URL": simulator.url,
    }
    with stumbling_shop(tmp_path):
        yield address


def stocked() -> list[Any]:
    """Five things, each looked at once: what Oscar begins with the first visitor cannot be begun by two at once."""
    products = [new_product(stock=1000, title=f"Kiondo {number}") for number in range(5)]
    first = Shopper()
    for product in products:
        first.puts_in_basket(product)
    first.gives_address()
    return products


def buy(shop: str, products: list[Any], number: int) -> dict[str, Browser]:
    """One shopper orders four times; returns the waiting pages, by address, with the browser they are open in."""
    browser = Browser(shop)
    shopper: Any = Shopper(browser)  # type: ignore[arg-type]
    try:
        return {order(shopper, products, ORDERS_EACH * number + count): browser for count in range(ORDERS_EACH)}
    finally:
        connections.close_all()


def order(shopper: Any, products: list[Any], number: int) -> str:
    """One order, for a phone of its own; the address of its waiting page, which is looked at once."""
    shopper.puts_in_basket(products[number % len(products)])
    if number % ORDERS_EACH == 0:
        shopper.gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    assert shopper.names_phone(f"25471{number:04}{300 + number}").status_code == 302  # ...201 to ...214 have a meaning
    answer = shopper.places_order()
    assert answer.status_code == 302, answer.content.decode()
    page: str = answer["Location"]
    assert shopper.client.get(f"{page}status/").status_code == 200
    return page


def send_again(pages: dict[str, Browser], payment: MpesaPayment) -> None:
    """What a shopper does who reads that no answer came."""
    page = next(page for page in pages if payment.mpesa_order.public_id in page)
    assert pages[page].post(f"{page}retry/", {"again": "1"}).status_code == 302


def live_payments() -> bool:
    return "live payments" in whatever_waits()


def the_storm(shop: str, simulator: FarSimulator) -> None:
    """All buy; three minutes later those who had no answer send again; then the answers that were late come in."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        bought = list(crowd.map(partial(buy, shop, stocked()), range(SHOPPERS)))
    pages = {page: browser for each in bought for page, browser in each.items()}
    make_older(minutes=3)
    ends = time.monotonic() + PATIENCE
    while live_payments() and time.monotonic() < ends:
        time.sleep(0.5)
    unanswered = MpesaPayment.objects.filter(status="expired").select_related("mpesa_order")
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        list(crowd.map(partial(send_again, pages), list(unanswered)))
    simulator.answer_all()


def the_calm() -> int:
    """The minutes until nothing is due any more, for one reconciler."""
    gone = 0
    for minutes in LOOKS:
        if not whatever_waits():
            break
        make_older(minutes=minutes)
        list(reconcile(timezone.now))
        gone += minutes
    assert whatever_waits() == {}
    return gone


def test_after_a_storm_every_shilling_is_accounted_for(
    shop: str, open_door: socket, simulator: FarSimulator, pytestconfig: pytest.Config
) -> None:
    web, reconcilers = [partial(serve, open_door)] * WEB_WORKERS, [reconcile_for_ever] * RECONCILERS
    started = time.monotonic()

    with running(*web, *reconcilers):
        the_storm(shop, simulator)
    stormy = time.monotonic() - started
    minutes = the_calm()

    memory = simulator.answer_all()
    keep(pytestconfig.rootpath / "build", f"{stormy:.0f} seconds of storm, {minutes} minutes to the end", tally(memory))
    assert memory.problems == []
    assert_every_shilling_has_a_receipt(memory)
    assert_paid_is_who_paid()
    assert_stock_is_what_the_orders_say()
    assert_mails_came_once()


def assert_every_shilling_has_a_receipt(memory: Memory) -> None:
    taken = {
        (entry.receipt_number, entry.amount): memory.scenarios[entry.checkout_request_id] for entry in memory.ledger
    }
    number_of = memory.number_of
    receipts = MpesaReceipt.objects.values_list("number", "payment__checkout_request_id", "amount")
    kept = Counter((number or number_of[str(checkout_id)], amount) for number, checkout_id, amount in receipts)
    assert {told: scenario for told, scenario in taken.items() if told not in kept} == {}
    assert kept == Counter(taken.keys())
    assert set(MpesaReceipt.objects.values_list("allocation", flat=True)) <= set(MONEY_ARRIVED)


def assert_paid_is_who_paid() -> None:
    for each in Order.objects.prefetch_related("mpesa_receipts", "sources").select_related("mpesa"):
        booked = [receipt for receipt in each.mpesa_receipts.all() if receipt.booked_at]
        applied = [receipt for receipt in each.mpesa_receipts.all() if receipt.allocation == "applied"]
        assert len(applied) <= len(booked) <= 1
        assert (each.status == "Being processed") is bool(booked)
        assert (each.status == "Payment expired") is each.mpesa.is_closed
        assert [source.amount_debited for source in each.sources.all()] == [receipt.amount for receipt in booked]


def assert_stock_is_what_the_orders_say() -> None:
    for record in StockRecord.objects.all():
        lines = Line.objects.filter(stockrecord=record, order__mpesa__closed_at=None)
        assert record.num_allocated == lines.aggregate(Sum("quantity"))["quantity__sum"]


def assert_mails_came_once() -> None:
    paid = Order.objects.filter(status="Being processed").values_list("number", flat=True)
    assert set(Counter(delivered()).values()) == {1}
    assert {each for each in delivered() if "Confirmation" in each} == {f"Confirmation of order {n}" for n in paid}


def tally(memory: Memory) -> list[str]:
    """What came of it, for people."""
    columns: dict[str, tuple[Any, str]] = {
        "orders": (Order, "status"),
        "payments": (MpesaPayment, "status"),
        "receipts": (MpesaReceipt, "allocation"),
        "callbacks": (MpesaCallback, "verdict"),
    }
    counts = {name: Counter(model.objects.values_list(column, flat=True)) for name, (model, column) in columns.items()}
    told = {name: ", ".join(f"{n} {what}" for what, n in count.most_common()) for name, count in counts.items()}
    return [f"simulator: {memory.told()}", *(f"{name}: {what}" for name, what in told.items())]


def keep(folder: Path, *parts: str | list[str]) -> None:
    """Show the tally, and keep it with what was built."""
    lines = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    folder.mkdir(exist_ok=True)
    (folder / "storm.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print(*lines, sep="\n")  # noqa: T201 (pytest -s)

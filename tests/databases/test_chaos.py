"""Two hundred orders with every failure at once, in many processes: every shilling is accounted for."""

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
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.simulator.server import SANDBOX
from tests.databases.books import assert_sums_agree
from tests.databases.clock import PASS_MINUTES, age_rows, open_work
from tests.databases.emails import delivered
from tests.databases.processes import running
from tests.databases.remote_simulator import (
    RemoteSimulator,
    SimulatorRecord,
    chaos,
    failing_shop_code,
    reconcile_in_loop,
)
from tests.databases.web import Browser, serve, shared_port
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

SHOPPERS, ORDERS_EACH, AT_ONCE = 50, 4, 16
WEB_WORKERS, RECONCILERS = 4, 2

#: Seconds in which the reconcilers must expire every payment that is due.
MAX_WAIT = 30

Line = get_model("order", "Line")
Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def simulator() -> Iterator[RemoteSimulator]:
    with chaos(seed=7) as simulator:
        yield simulator


@pytest.fixture
def listener() -> Iterator[socket]:
    with shared_port() as listening:
        yield listening


@pytest.fixture
def shop(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: RemoteSimulator, listener: socket
) -> Iterator[str]:
    """Return the address of the shop, whose processes share a cache and an email file."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    file_based = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": file_based, "LOCATION": str(tmp_path / "cache")}}
    settings.EMAIL_BACKEND = "tests.databases.emails.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "emails.txt")
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "CONSUMER_KEY": SANDBOX.consumer_key,
        "CONSUMER_SECRET": SANDBOX.consumer_secret,
        "SHORTCODE": SANDBOX.shortcode,
        "PASSKEY": SANDBOX.passkey,
        "CALLBACK_URL": address + reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0"),
        "BASE_URL": simulator.url,
    }
    with failing_shop_code(tmp_path):
        yield address


def stock_products() -> list[Any]:
    """Create five products and view each once, because Oscar's first-visit rows may not be created twice."""
    products = [new_product(stock=1000, title=f"Kiondo {number}") for number in range(5)]
    first = Shopper()
    for product in products:
        first.puts_in_basket(product)
    first.gives_address()
    return products


def place_orders(shop: str, products: list[Any], number: int) -> dict[str, Browser]:
    """Place four orders as one shopper; return the payment pages by address, with their browser."""
    browser = Browser(shop)
    shopper: Any = Shopper(browser)  # type: ignore[arg-type]
    try:
        return {place_order(shopper, products, ORDERS_EACH * number + count): browser for count in range(ORDERS_EACH)}
    finally:
        connections.close_all()


def place_order(shopper: Any, products: list[Any], number: int) -> str:
    """Place an order for a phone of its own; return the address of its payment page, viewed once."""
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
    """Send the prompt again, as a shopper does after a payment expired."""
    page = next(page for page in pages if payment.mpesa_order.public_id in page)
    assert pages[page].post(f"{page}retry/", {"again": "1"}).status_code == 302


def has_live_payments() -> bool:
    return "live payments" in open_work()


def run_orders(shop: str, simulator: RemoteSimulator) -> None:
    """Place all orders, send unanswered prompts again three minutes later, then send the late callbacks."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        bought = list(crowd.map(partial(place_orders, shop, stock_products()), range(SHOPPERS)))
    pages = {page: browser for each in bought for page, browser in each.items()}
    age_rows(minutes=3)
    ends = time.monotonic() + MAX_WAIT
    while has_live_payments() and time.monotonic() < ends:
        time.sleep(0.5)
    unanswered = MpesaPayment.objects.filter(status="expired").select_related("mpesa_order")
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        list(crowd.map(partial(send_again, pages), list(unanswered)))
    simulator.answer_all()


def finish_work() -> int:
    """Reconcile until no work is open; return the minutes that passed."""
    passed = 0
    for minutes in PASS_MINUTES:
        if not open_work():
            break
        age_rows(minutes=minutes)
        list(reconcile(timezone.now))
        passed += minutes
    assert open_work() == {}
    return passed


def test_every_shilling_is_accounted_for_after_chaos(
    shop: str, listener: socket, simulator: RemoteSimulator, pytestconfig: pytest.Config
) -> None:
    web, reconcilers = [partial(serve, listener)] * WEB_WORKERS, [reconcile_in_loop] * RECONCILERS
    started = time.monotonic()

    with running(*web, *reconcilers):
        run_orders(shop, simulator)
    run_seconds = time.monotonic() - started
    minutes = finish_work()

    record = simulator.answer_all()
    save(
        pytestconfig.rootpath / "build",
        f"{run_seconds:.0f} seconds of chaos, {minutes} minutes to the end",
        summarize(record),
    )
    assert_every_shilling_has_a_receipt(record)
    assert_sums_agree()
    assert_paid_orders_have_money()
    assert_stock_matches_the_orders()
    assert_emails_were_sent_once()
    assert record.problems == []  # last, because a slow machine answers some callbacks too late


def assert_every_shilling_has_a_receipt(record: SimulatorRecord) -> None:
    taken = {
        (entry.receipt_number, entry.amount): record.scenarios[entry.checkout_request_id] for entry in record.ledger
    }
    number_of = record.number_of
    receipts = MpesaReceipt.objects.values_list("number", "payment__checkout_request_id", "amount")
    kept = Counter((number or number_of[str(checkout_id)], amount) for number, checkout_id, amount in receipts)
    assert {money: scenario for money, scenario in taken.items() if money not in kept} == {}
    assert kept == Counter(taken.keys())
    assert set(MpesaReceipt.objects.values_list("status", flat=True)) <= {"matched", *NEEDS_DECISION}


def assert_paid_orders_have_money() -> None:
    for each in Order.objects.prefetch_related("mpesa_allocations", "sources").select_related("mpesa"):
        entries = list(each.mpesa_allocations.all())
        assert len(entries) <= 1
        assert (each.status == "Being processed") is each.mpesa.is_paid is bool(entries)
        assert (each.status == "Payment expired") is each.mpesa.is_closed
        assert [source.amount_debited for source in each.sources.all()] == [entry.amount for entry in entries]


def assert_stock_matches_the_orders() -> None:
    for record in StockRecord.objects.all():
        lines = Line.objects.filter(stockrecord=record, order__mpesa__closed_at=None)
        assert record.num_allocated == lines.aggregate(Sum("quantity"))["quantity__sum"]


def assert_emails_were_sent_once() -> None:
    paid = Order.objects.filter(status="Being processed").values_list("number", flat=True)
    assert set(Counter(delivered()).values()) == {1}
    assert {each for each in delivered() if "Confirmation" in each} == {
        f"TEST: Confirmation of order {n}" for n in paid
    }


def summarize(record: SimulatorRecord) -> list[str]:
    """Return the counts of all rows, for the test's output."""
    columns: dict[str, tuple[Any, str]] = {
        "orders": (Order, "status"),
        "payments": (MpesaPayment, "status"),
        "receipts": (MpesaReceipt, "status"),
        "callbacks": (MpesaCallback, "verdict"),
    }
    counts = {name: Counter(model.objects.values_list(column, flat=True)) for name, (model, column) in columns.items()}
    totals = {name: ", ".join(f"{n} {what}" for what, n in count.most_common()) for name, count in counts.items()}
    return [f"simulator: {record.summary()}", *(f"{name}: {what}" for name, what in totals.items())]


def save(folder: Path, *parts: str | list[str]) -> None:
    """Print the summary, and save it in the build folder."""
    lines = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    folder.mkdir(exist_ok=True)
    (folder / "chaos.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print(*lines, sep="\n")  # noqa: T201 (pytest -s)

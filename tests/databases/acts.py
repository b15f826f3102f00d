"""What a shopper, Safaricom or cron does to an order during a fault, what comes before it, and what comes after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.databases.sales import Sale
from tests.databases.threads import new_phone

Step = Callable[[Sale], None]


@dataclass(frozen=True, kw_only=True)
class Act:
    """Three steps: ``prepare`` before the fault, ``perform`` during it, ``follow`` after it."""

    name: str
    prepare: Step
    perform: Step
    follow: Step


def fill_basket(sale: Sale) -> None:
    """Go to the preview."""
    sale.shopper.puts_in_basket(sale.product).gives_address()
    assert sale.shopper.chooses("mpesa").status_code == 302
    assert sale.shopper.names_phone(new_phone().msisdn).status_code == 302


def place(sale: Sale) -> None:
    """Place the order."""
    sale.request(sale.shopper.places_order)


def pay_without_callback(sale: Sale) -> None:
    """Place an order whose payer pays, and whose callback is lost. Its status check is due."""
    fill_basket(sale)
    place(sale)
    sale.callback = sale.pay_on_phone()
    sale.clock.move(seconds=25)


def cancel(sale: Sale) -> None:
    """Place an order whose payer cancels the prompt, and wait until another push is allowed."""
    fill_basket(sale)
    place(sale)
    sale.cancel_on_phone()
    sale.clock.move(minutes=3)


def post_callback(sale: Sale) -> None:
    """Post the callback."""
    sale.post_callback(sale.payment, sale.callback)


def repeat_callback(sale: Sale) -> None:
    """Post the callback once more, if the shop accepted it. Safaricom does not repeat others."""
    if sale.answers[0].status == 200:
        post_callback(sale)


def poll(sale: Sale) -> None:
    """Poll the status as the page's script does."""
    sale.request(lambda: sale.client.get(sale.path("mpesa-status")))


def send_again(sale: Sale) -> None:
    """Send the prompt again to the same phone."""
    sale.request(lambda: sale.client.post(sale.path("mpesa-retry"), {"again": "1"}))


def reconcile(sale: Sale) -> None:
    """Run ``mpesa_reconcile``."""
    sale.reconcile()


def close(sale: Sale) -> None:
    """Choose another way to pay, which closes the order."""
    sale.request(lambda: sale.client.post(sale.path("mpesa-other-method")))


def do_nothing(sale: Sale) -> None:
    """Leave the rest to ``mpesa_reconcile``."""


ACTS = [
    Act(name="place", prepare=fill_basket, perform=place, follow=Sale.answer_prompts),
    Act(name="callback", prepare=pay_without_callback, perform=post_callback, follow=repeat_callback),
    Act(name="poll", prepare=pay_without_callback, perform=poll, follow=do_nothing),
    Act(name="retry", prepare=cancel, perform=send_again, follow=Sale.answer_prompts),
    Act(name="reconcile", prepare=pay_without_callback, perform=reconcile, follow=do_nothing),
    Act(name="close", prepare=cancel, perform=close, follow=do_nothing),
]

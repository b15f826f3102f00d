"""Each email's HTML is well-formed, and has amount, order, code, date and TEST inside its main content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaOrder
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.pay_later import pay_later
from tests.oscar_adapter.email_html import EmailHtml
from tests.oscar_adapter.sent_emails import html_of, sent_email
from tests.payment_results import cancelled, overdue, paid_too_late
from tests.shop import failure, new_payment, pay, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_delivery(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def paid_email() -> Any:
    pay(new_payment())
    return sent_email(MessageKind.PAID_EMAIL)


def failed_now() -> Any:
    payment = new_payment(now=timezone.now())
    post(payment, failure(payment), now=timezone.now())
    return payment.mpesa_order.order


def failed_email() -> Any:
    failed_now()
    return sent_email(MessageKind.FAILED_EMAIL, now=timezone.now() + timedelta(minutes=11))


def pay_later_email() -> Any:
    pay_later(failed_now(), actor=Actor(), now=timezone.now())
    return sent_email(MessageKind.PAY_LATER_EMAIL, now=timezone.now())


def part_paid_email() -> Any:
    payment = new_payment(now=timezone.now())
    order = payment.mpesa_order.order
    type(order).objects.update(total_incl_tax=2500, total_excl_tax=2500)
    pay(payment, now=timezone.now())
    return sent_email(MessageKind.PART_PAID_EMAIL, now=timezone.now())


def closed_email() -> Any:
    overdue(cancelled())
    return sent_email(MessageKind.CLOSED_EMAIL)


def unmatched_email() -> Any:
    paid_too_late(by=get_user_model().objects.create_superuser("boss"))
    return sent_email(MessageKind.UNMATCHED_EMAIL)


#: Each email with its rows besides TEST and the order, and with the words of its button and the path that it opens.
EMAILS: dict[Callable[[], Any], tuple[dict[str, str], str, str]] = {
    paid_email: (
        {"Received": "KSh 1,500", "M-PESA code": "OD123ABC45", "Date": "23 Nov 2026, 15:00"},
        "",
        "/accounts/order-status/",
    ),
    failed_email: ({"To pay": "KSh 1,500", "Reserved until": ""}, "Pay KSh 1,500", "/checkout/mpesa/pay/"),
    pay_later_email: ({"To pay": "KSh 1,500", "Reserved until": ""}, "Pay KSh 1,500", "/checkout/mpesa/pay/"),
    part_paid_email: (
        {"Received": "KSh 1,500", "M-PESA code": "OD123ABC45", "Date": "", "To pay": "KSh 1,000", "Reserved until": ""},
        "Pay KSh 1,000",
        "/checkout/mpesa/pay/",
    ),
    closed_email: (
        {"Amount": "KSh 1,500", "Closed": "23 Nov 2026, 15:30"},
        "See your order",
        "/checkout/mpesa/order/",
    ),
    unmatched_email: (
        {"Received": "KSh 1,500", "M-PESA code": "OD123ABC45", "Date": "23 Nov 2026, 15:00"},
        "See your order",
        "/checkout/mpesa/order/",
    ),
}


@pytest.mark.parametrize("make", EMAILS, ids=lambda make: make.__name__)
def test_email_has_its_rows_and_one_button_inside_its_body(make: Callable[[], Any]) -> None:
    rows, button, path = EMAILS[make]

    message = make()

    html, number = EmailHtml(html_of(message)), MpesaOrder.objects.get().order.number
    expected = {"TEST": "No real money moves.", "Order": number, **rows}
    for label, value in expected.items():
        assert html.inside.count(label) == 1
        shown = html.inside[html.inside.index(label) + 1]
        assert value in shown and f"{label}: {shown}\n" in message.body
    assert html.is_well_formed and html.outside == []
    assert message.subject.startswith("TEST: ")
    buttons = [href for classes, href in html.links if "btn-primary" in classes]
    assert (len(buttons), button in html.inside) == (1 if button else 0, bool(button))
    assert path in [*buttons, html.links[-1][1]][0] and path in message.body


def test_rows_of_the_paid_email_follow_the_totals() -> None:
    message = paid_email()

    words = EmailHtml(html_of(message)).inside
    lines = [line for line in message.body.splitlines() if line]
    assert words.index("Order Total:") < words.index("TEST") < words.index("Shipping address:")
    assert words.index("TEST") == words.index("Order Total:") + 2
    assert lines[lines.index("TEST: No real money moves.") - 1].startswith("Order Total:")


@pytest.mark.parametrize("template", ["{% include 'oscar_mpesa/email_rows.html' %}", "the loop of the shop"])
def test_shop_places_the_rows_itself_and_gets_them_once(template: str) -> None:
    loop = "{% for row in mpesa_rows %}<li>{{ row.label }}: {{ row.value }}</li>{% endfor %}"
    get_model("communication", "CommunicationEventType").objects.create(
        code="ORDER_PLACED",
        name="Order placed",
        email_subject_template="Order {{ order.number }}",
        email_body_template="{% include 'oscar_mpesa/email_rows.txt' %}Thanks",
        email_body_html_template=f"<body>{template if 'include' in template else loop}Thanks</body>",
    )

    message = paid_email()

    for text in (message.body, html_of(message)):
        assert text.count("OD123ABC45") == text.count("TEST") == 1
        assert "Thanks" in text.splitlines()[-1]


def test_real_money_has_no_row_and_no_subject_of_test() -> None:
    payment = pay(new_payment())
    payment.receipts.update(environment="production")

    message = sent_email(MessageKind.PAID_EMAIL)

    assert "Received: KSh 1,500" in message.body
    assert "TEST" not in message.subject + message.body + html_of(message)


def test_button_keeps_its_words_in_lower_case() -> None:
    assert '<a class="btn-primary" style="text-transform: none" href="' in html_of(closed_email())

"""Oscar's order confirmation is sent from the outbox once the order is paid."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaAllocation, MpesaOutboxMessage
from oscar_mpesa.oscar_adapter import email_sender
from oscar_mpesa.oscar_adapter.order_placed_email import send_order_placed
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.payment_updates import apply_update
from tests.oscar_adapter.sent_emails import html_of
from tests.shop import later, new_order, new_payment, new_staff_user, pay, query_update
from tests.wiring.checked import urlconf

pytestmark = pytest.mark.django_db


def outbox_email(payment: Any) -> MpesaOutboxMessage:
    return MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL, payment=payment)


def test_user_gets_a_link_to_the_order(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    payment = pay(new_payment(new_order(user=user)))

    send_order_placed(outbox_email(payment))

    order = payment.mpesa_order.order
    assert mail.outbox[0].to == ["achieng@example.com"]
    assert f"/accounts/orders/{order.number}/" in mail.outbox[0].body


def test_guest_gets_a_link_that_needs_no_account() -> None:
    payment = pay(new_payment())

    send_order_placed(outbox_email(payment))

    order = payment.mpesa_order.order
    assert f"/accounts/order-status/{order.number}/{order.verification_hash()}/" in mail.outbox[0].body


def test_order_without_email_address_gets_no_confirmation() -> None:
    payment = pay(new_payment())
    message = outbox_email(payment)
    message.mpesa_order.order.guest_email = ""

    assert send_order_placed(message) == "no_address"
    assert mail.outbox == []


def test_order_whose_money_was_unmatched_gets_no_confirmation() -> None:
    payment = pay(new_payment())
    message = outbox_email(payment)
    (entry,) = MpesaAllocation.objects.active()
    reverse_allocation(entry, by=new_staff_user("match_receipt"), note="Wrong order", now=later(60))

    assert send_order_placed(message) == "outdated"
    assert mail.outbox == []


def test_receipt_without_code_is_emailed_without_code() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    send_order_placed(outbox_email(payment))

    message, number = mail.outbox[0], payment.mpesa_order.order.number
    assert "M-PESA code" not in message.body
    assert "Order: 100001\nReceived: KSh 1,500\nDate: 23 Nov 2026, 15:00\n".replace("100001", number) in message.body
    assert "Received" in html_of(message) and "M-PESA code" not in html_of(message)


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        ("0.45", "Rounding: Rounded up by KSh 0.45: M-PESA takes whole shillings."),
        ("-0.55", "Rounding: Rounded down by KSh 0.55: M-PESA takes whole shillings."),
    ],
)
def test_rounding_surcharge_is_explained(difference: str, line: str) -> None:
    order = new_order()
    order.surcharges.create(name="Rounding", code="mpesa-rounding", incl_tax=difference, excl_tax=difference)
    order.surcharges.create(name="Gift wrap", code="gift", incl_tax="50.00", excl_tax="50.00")
    payment = pay(new_payment(order))

    send_order_placed(outbox_email(payment))

    assert f"Received: KSh 1,500\nM-PESA code: OD123ABC45\nDate: 23 Nov 2026, 15:00\n{line}\n" in mail.outbox[0].body


def test_rounding_of_the_payment_alone_is_explained() -> None:
    payment = pay(new_payment(new_order(total="1499.50")))

    send_order_placed(outbox_email(payment))

    assert "Rounding: Rounded up by KSh 0.50: M-PESA takes whole shillings." in mail.outbox[0].body


def test_whole_shillings_are_not_explained() -> None:
    payment = pay(new_payment())

    send_order_placed(outbox_email(payment))

    assert "Received: KSh 1,500" in mail.outbox[0].body
    assert "Rounded" not in mail.outbox[0].body


def test_template_that_names_the_code_only_gets_the_test_mark() -> None:
    get_model("communication", "CommunicationEventType").objects.create(
        code="ORDER_PLACED",
        name="Order placed",
        email_subject_template="Order {{ order.number }}",
        email_body_template="Paid by {{ mpesa_receipt.number }}.",
    )
    tested, paid = pay(new_payment(new_order(total="1499.50"))), pay(new_payment(), number="OD999ZZZ99")
    paid.receipts.update(environment="production")

    send_order_placed(outbox_email(tested))
    send_order_placed(outbox_email(paid))

    assert mail.outbox[0].body == "Paid by OD123ABC45.\n\nTEST: No real money moves.\n"
    assert mail.outbox[1].body == "Paid by OD999ZZZ99."


def test_text_only_email_gets_no_html() -> None:
    get_model("communication", "CommunicationEventType").objects.create(
        code="ORDER_PLACED",
        name="Order placed",
        email_subject_template="Order",
        email_body_template="Thank you.",
        email_body_html_template="",
    )
    payment = pay(new_payment())

    send_order_placed(outbox_email(payment))

    assert mail.outbox[0].body == (
        f"Thank you.\n\nTEST: No real money moves.\nOrder: {payment.mpesa_order.order.number}\nReceived: KSh 1,500\n"
        "M-PESA code: OD123ABC45\nDate: 23 Nov 2026, 15:00\n"
    )
    assert not getattr(mail.outbox[0], "alternatives", [])


def test_production_email_does_not_say_test() -> None:
    payment = pay(new_payment())
    payment.receipts.update(environment="production")

    send_order_placed(outbox_email(payment))

    assert "OD123ABC45" in mail.outbox[0].body
    assert "TEST" not in mail.outbox[0].body


def test_shop_without_order_pages_emails_no_link(settings: Any) -> None:
    payment = pay(new_payment())
    send_order_placed(outbox_email(payment))
    settings.ROOT_URLCONF = urlconf()

    send_order_placed(outbox_email(payment))

    with_pages, without_pages = mail.outbox
    assert "/accounts/order-status/" in with_pages.body
    assert "OD123ABC45" in without_pages.body and "http" not in without_pages.body


def test_order_without_site_uses_the_settings_site() -> None:
    payment = pay(new_payment())
    order = payment.mpesa_order.order
    order.site = None
    order.save()

    send_order_placed(outbox_email(payment))

    assert len(mail.outbox) == 1


def test_order_with_site_needs_no_site_id(settings: Any) -> None:
    payment = pay(new_payment())
    del settings.SITE_ID

    send_order_placed(outbox_email(payment))

    assert email_sender.SiteRequest(payment.mpesa_order.order.site).get_host() == payment.mpesa_order.order.site.domain
    assert len(mail.outbox) == 1

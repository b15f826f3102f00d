"""Build a shop's rows: products, orders and payments, as Oscar creates them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from oscar.apps.shipping.methods import Free
from oscar.core.loading import get_class, get_model
from oscar.core.prices import Price
from oscar.test import factories

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.callbacks import process_callback, receive_callback
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.services.update_sources import PaymentUpdate, update_from_query

#: A fixed moment, 15:00 in Nairobi.
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)

#: The owner of an order, without session and address.
OWNER = Actor()

PAYS = PhoneNumber.parse("254708374149")
NO_FUNDS = PhoneNumber.parse("254708374150")
CANCELS = PhoneNumber.parse("254708374151")
ANOTHER = PhoneNumber.parse("0712345678")


def later(seconds: float) -> datetime:
    """Return the moment this many seconds after ``NOON``."""
    return NOON + timedelta(seconds=seconds)


def new_product(*, price: str = "1500.00", stock: int = 10, title: str = "Kiondo") -> Any:
    """Create a product in stock; each call creates another one."""
    return factories.create_product(
        title=title, price=Decimal(price), num_in_stock=stock, partner_name="Duka", product_class="Goods"
    )


def new_order(
    *, total: str = "1500.00", status: str = "Pending payment", lines: int = 1, user: Any = None, currency: str = "KES"
) -> Any:
    """Place an order by Oscar's own creator, with this many lines and this total."""
    basket = factories.create_basket(empty=True)
    for _ in range(lines):
        basket.add_product(new_product(price="100.00"))
    price = Price(currency=currency, excl_tax=Decimal(total), incl_tax=Decimal(total))
    guest = {} if user else {"guest_email": "guest@example.com"}
    return get_class("order.utils", "OrderCreator")().place_order(
        basket=basket,
        total=price,
        shipping_method=Free(),
        shipping_charge=Free().calculate(basket),
        user=user,
        order_number=str(100000 + basket.pk),
        status=status,
        site=get_model("sites", "Site").objects.get(pk=1),
        **guest,
    )


def new_staff_user(*permissions: str) -> Any:
    """Create a staff user with these permissions on M-PESA money, and no others."""
    users = get_user_model().objects
    user = users.create_user(f"staff{users.count()}", first_name="Achieng", last_name="Were", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__in=permissions)
    )
    return user


def allow_order_pages(user: Any) -> None:
    """Permit Oscar's order pages: 4.2 wants the permission to view orders, 4.0 and 4.1 want all four."""
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="order", content_type__model="order"))


def new_payment(
    order: Any = None, *, phone: PhoneNumber = PAYS, now: datetime = NOON, sent: bool = True
) -> MpesaPayment:
    """Start a payment for an order (a new one by default), and send its push unless ``sent`` is false."""
    payment = start_payment(order or new_order(), phone=phone, now=now)
    if sent:
        send_stk_push(payment, now=now)
        payment.refresh_from_db()
    return payment


def success(
    payment: MpesaPayment,
    *,
    amount: Any = None,
    number: str = "OD123ABC45",
    checkout_id: str | None = None,
    **items: Any,
) -> bytes:
    """Return a success callback's body; items can be overridden, and ``None`` leaves one out."""
    fields = {
        "Amount": payment.amount if amount is None else amount,
        "MpesaReceiptNumber": number,
        "TransactionDate": 20261123150005,
        "PhoneNumber": int(payment.phone),
        **items,
    }
    metadata = {"Item": [{"Name": name, "Value": value} for name, value in fields.items() if value is not None]}
    return _body(
        payment,
        checkout_id,
        ResultCode=0,
        ResultDesc="The service request is processed successfully.",
        CallbackMetadata=metadata,
    )


def failure(payment: MpesaPayment, *, code: Any = 1032, checkout_id: str | None = None) -> bytes:
    """Return a failure callback's body."""
    return _body(payment, checkout_id, ResultCode=code, ResultDesc="Request cancelled by user")


def _body(payment: MpesaPayment, checkout_id: str | None, **fields: Any) -> bytes:
    fields["CheckoutRequestID"] = payment.checkout_request_id if checkout_id is None else checkout_id
    fields["MerchantRequestID"] = payment.merchant_request_id
    return json.dumps({"Body": {"stkCallback": fields}}).encode()


def query_update(code: str | None) -> PaymentUpdate:
    """Return the update of a query's result."""
    return update_from_query(StkQueryReply(result_code=code, description="simulated"))


def post(payment: MpesaPayment, body: bytes, *, now: datetime = NOON, confirmed: bool = True) -> MpesaCallback:
    """Pass a body to ``receive_callback``, as posted to the payment's own address.

    If its success needs a confirmation, Safaricom confirms it at once, unless ``confirmed`` is false.
    """
    callback = receive_callback(body, secret=payment.secret, address="196.201.214.200", now=now)
    assert callback is not None
    if confirmed and callback.verdict == Verdict.UNCONFIRMED:
        process_callback(callback, payment, now=now, is_confirmed=True)
    return callback


def pay(payment: MpesaPayment, *, number: str = "OD123ABC45", now: datetime = NOON) -> MpesaPayment:
    """Complete a payment by its callback."""
    post(payment, success(payment, number=number), now=now)
    payment.refresh_from_db()
    return payment

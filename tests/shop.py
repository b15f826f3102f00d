"""Build a shop's orders and payments, as placing an order leaves them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils.text import slugify
from oscar.apps.order.signals import order_placed
from oscar.apps.shipping.methods import Free
from oscar.core.loading import get_model
from oscar.test import factories

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.callbacks import process_callback, receive_callback
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.services.update_sources import PaymentUpdate, update_from_query

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")

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
    return _new_stock_record(price=Decimal(price), num_in_stock=stock, title=title).product


def new_order(
    *, total: str = "1500.00", status: str = "Pending payment", lines: int = 1, user: Any = None, currency: str = "KES"
) -> Any:
    """Create the rows that placing an order leaves, with this many lines and this total.

    This takes a quarter of the time that Oscar's ``OrderCreator`` takes.
    """
    basket = factories.create_basket(empty=True)
    price = Decimal(total)
    order = Order.objects.create(
        basket=basket,
        number=str(100000 + basket.pk),
        site_id=1,
        user_id=user.pk if user else None,
        guest_email="" if user else "guest@example.com",
        status=status,
        currency=currency,
        total_excl_tax=price,
        total_incl_tax=price,
        shipping_method=Free.name,
        shipping_code=Free.code,
    )
    for _ in range(lines):
        _add_line(order, _new_stock_record(price=Decimal(100), num_in_stock=10, num_allocated=1))
    order_placed.send(sender=None, order=order, user=user)
    return order


def _new_stock_record(*, price: Decimal, title: str = "Kiondo", **columns: Any) -> Any:
    """Create a product in stock, without looking for customers who wait for it."""
    product_class, _ = get_model("catalogue", "ProductClass").objects.get_or_create(name="Goods")
    partner, _ = get_model("partner", "Partner").objects.get_or_create(name="Duka")
    product = get_model("catalogue", "Product")(product_class=product_class, title=title, slug=slugify(title))
    product.save_base()
    record = StockRecord(product=product, partner=partner, partner_sku=f"sku_{product.pk}", price=price, **columns)
    StockRecord.objects.bulk_create([record])
    return record


def _add_line(order: Any, record: Any) -> None:
    """Add one item to an order and to its basket."""
    facts = {"product": record.product, "stockrecord": record, "quantity": 1}
    get_model("basket", "Line").objects.create(
        basket=order.basket,
        line_reference=f"{record.product_id}_{record.pk}",
        price_currency=record.price_currency,
        price_excl_tax=record.price,
        price_incl_tax=record.price,
        **facts,
    )
    names = ["line_price_excl_tax", "line_price_incl_tax", "unit_price_excl_tax", "unit_price_incl_tax"]
    names += ["line_price_before_discounts_excl_tax", "line_price_before_discounts_incl_tax"]
    line = order.lines.create(
        partner=record.partner,
        partner_name=record.partner.name,
        partner_sku=record.partner_sku,
        title=record.product.title,
        upc="",
        num_allocated=1,
        status=settings.OSCAR_INITIAL_LINE_STATUS,
        **dict.fromkeys(names, record.price),
        **facts,
    )
    line.prices.create(order=order, price_excl_tax=record.price, price_incl_tax=record.price)


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

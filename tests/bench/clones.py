"""Rows by the hundred thousand: one that the shop made, cloned inside PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.db import connection
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from tests.shop import NOON, new_order, new_payment, pay

#: Beyond what another benchmark left the sequences at.
_FIRST = 10_000_000


def seed() -> None:
    """The row of each kind that all others are clones of: a paid payment of a guest with an address."""
    country = get_model("address", "Country").objects.create(iso_3166_1_a2="KE", printable_name="Kenya")
    address = get_model("order", "ShippingAddress").objects.create(
        first_name="Wanjiku", last_name="Otieno", line1="1", line4="Mombasa", country=country
    )
    order = new_order()
    order.shipping_address = address
    order.save()
    pay(new_payment(order))


#: The clone's own primary key, and its moment: a second after the one before it, and all before ``NOON``.
_KEY = f"{_FIRST} + n"
_MOMENT = f"timestamptz '{NOON.isoformat()}' - (interval '1 second' * (2000000 - n))"

_PAYMENT = {
    "id": _KEY,
    "mpesa_order_id": _KEY,
    "secret": "md5('s' || n)",
    "phone": "'2547' || lpad(n::text, 8, '0')",
    "amount": "100 + mod(n, 50)",
    "status": "case mod(n, 10) when 0 then 'cancelled' else 'completed' end",
    "checkout_request_id": "'ws_CO_' || n",
    "created_at": _MOMENT,
    "environment": "'production'",
}


def grow(start: int, end: int) -> None:
    """Payments number ``start`` to ``end`` of guests with addresses; nine of ten are paid."""
    order = {"number": "'B' || n", "guest_email": "'guest' || n || '@example.com'", "shipping_address_id": _KEY}
    mpesa = {"public_id": "md5('o' || n)", "created_at": _MOMENT, "environment": "'production'"}
    money = {"number": "'OD' || lpad(n::text, 8, '0')", "environment": "'production'"}
    _clone(get_model("order", "ShippingAddress"), start, end, id=_KEY, first_name="'Guest' || n")
    _clone(get_model("order", "Order"), start, end, id=_KEY, date_placed=_MOMENT, **order)
    _clone(MpesaOrder, start, end, order_id=_KEY, **mpesa)
    _clone(MpesaPayment, start, end, **_PAYMENT)
    _clone(MpesaReceipt, start, end, id=_KEY, payment_id=_KEY, order_id=_KEY, **money)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _clone(model: Any, start: int, end: int, **columns: str) -> None:
    """Of the model's oldest row; ``columns`` are SQL, in which ``n`` is the number of the clone."""
    names = [field.column for field in model._meta.concrete_fields]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(columns.get(name, f'"{name}"') for name in names)
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({quoted}) SELECT {values} FROM generate_series(%s, %s) AS n, "
            f"(SELECT * FROM {table} ORDER BY {key} LIMIT 1) AS seed",
            [start, end - 1],
        )

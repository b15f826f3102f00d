"""Fill PostgreSQL with a million sold orders in minutes, by copying the rows of one real order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection
from django.db.models import DateField, DateTimeField, Field, ForeignKey, Model, PositiveSmallIntegerField
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from tests.databases.threads import new_payment
from tests.shop import failure, new_order, pay, post

#: The columns that must differ between copies: SQL of the column ``{0}`` and the number n.
UNLIKE = {
    # Random as the first one, but in order: filling an index at random takes ten times as long.
    **dict.fromkeys(["public_id", "secret", "session_key"], "lpad(to_hex(n), 8, '0') || substr({0}, 9)"),
    **dict.fromkeys(["username", "email", "checkout_request_id", "key"], "{0} || n"),
    "number": "{0} || lpad(n::text, 7, '0')",
    "phone": "'2547' || lpad(n::text, 8, '0')",
    "live_order": "{0} + n",
}

#: What each guest of a year of sales has beside that.
GUESTS = {"first_name": "'Guest' || n", "guest_email": "'guest' || n || '@example.com'", "amount": "100 + mod(n, 50)"}

A_YEAR = timedelta(days=365)


def sell(count: int) -> None:
    """Add this many orders, each paid by one payment of its own signed-in user."""
    user = get_user_model().objects.create_user(f"first of {count}", f"first-of-{count}@example.com")
    now = timezone.now()
    payment = pay(new_payment(new_order(user=user), now=now), number=f"M{count}", now=now)
    client = Client()
    client.force_login(user)
    multiply(payment, count, Session.objects.get(pk=client.session.session_key))


def prompt(count: int) -> None:
    """Add this many payments that no phone has answered."""
    multiply(new_payment(now=timezone.now()), count)


def trade(count: int, mark: str) -> None:
    """Add this many guests' payments of the last year, one in ten cancelled.

    Their M-PESA codes begin with ``OD`` and the mark, a letter.
    """
    for kind, share in ((_paid, count * 9 // 10), (_cancelled, count // 10)):
        payment = kind(new_payment(_guests_order(), now=timezone.now()), mark)
        multiply(payment, share, payment.mpesa_order.order.shipping_address, unlike=GUESTS)


def _paid(payment: MpesaPayment, mark: str) -> MpesaPayment:
    return pay(payment, number=f"OD{mark}", now=timezone.now())


def _cancelled(payment: MpesaPayment, _: str) -> MpesaPayment:
    post(payment, failure(payment), now=timezone.now())
    payment.refresh_from_db()
    return payment


def _guests_order() -> Any:
    country, _ = get_model("address", "Country").objects.get_or_create(iso_3166_1_a2="KE", printable_name="Kenya")
    order = new_order()
    order.shipping_address = get_model("order", "ShippingAddress").objects.create(
        first_name="Wanjiku", last_name="Otieno", line1="1", line4="Mombasa", country=country
    )
    order.save()
    return order


def multiply(payment: MpesaPayment, count: int, *others: Model, unlike: Mapping[str, str] | None = None) -> None:
    """Copy a payment until there are ``count``, spread over the year before it, and update the planner's statistics.

    Copy its order, user, receipts, allocations, callbacks and messages too, and ``others``. ``unlike`` are further
    columns that must differ between copies. The role must be a superuser.
    """
    unlike = {**UNLIKE, **(unlike or {}), "": f"{{0}} - n * interval '{A_YEAR / count}'"}
    order: Any = payment.mpesa_order.order
    one = [order.user, order, payment.mpesa_order, payment]
    several = [payment.receipts, order.mpesa_allocations, payment.callbacks, payment.mpesa_order.outbox_messages]
    rows = [*(row for row in one if row), *(row for found in several for row in found.order_by("pk")), *others]
    steps = {type(row): sum(type(each) is type(row) for each in rows) for row in rows}
    with connection.cursor() as cursor:
        # Copies hold the foreign keys by construction; checking each one would take twice as long.
        cursor.execute("SET session_replication_role = replica")
        for row in rows:
            cursor.execute(_copying(row, count, steps, unlike))
        cursor.execute("SET session_replication_role = DEFAULT")
        for statement in connection.ops.sequence_reset_sql(no_style(), list(steps)):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def _copying(row: Model, count: int, steps: dict[type[Model], int], unlike: Mapping[str, str]) -> str:
    """Return the SQL that copies one row; ids grow by the number of rows to copy."""
    columns = {_quoted(field.column): _unlike(field, steps, unlike) for field in row._meta.concrete_fields}
    table, key = _quoted(row._meta.db_table), _quoted(row._meta.pk.column)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"  # noqa: S608 - our own names
        f" FROM {table}, generate_series(1, {count - 1}) AS n WHERE {key} = '{row.pk}'"
    )


def _unlike(field: Field[Any, Any], steps: dict[type[Model], int], unlike: Mapping[str, str]) -> str:
    column = _quoted(field.column)
    if str(field.column) in unlike and not isinstance(field, PositiveSmallIntegerField):
        return unlike[str(field.column)].format(column)
    if isinstance(field, ForeignKey):
        return f"{column} + n * {steps[field.related_model]}" if field.related_model in steps else column
    if field.primary_key:
        return f"{column} + n * {steps[field.model]}"
    if isinstance(field, DateField):
        moment = unlike[""].format(column)
        return moment if isinstance(field, DateTimeField) else f"({moment})::date"
    return column


def _quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(str(name)))

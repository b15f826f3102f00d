"""A shop that has sold a million times, made on PostgreSQL in minutes: the rows of one real order, copied by number."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection
from django.db.models import DateTimeField, Field, ForeignKey, Model
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.databases.crowd import new_payment
from tests.shop import new_order, pay

#: What no two copies may have in common, or what a shop's rows have not: SQL of the column ``{0}`` and the number n.
UNLIKE = {
    # Random as the first one, but in order: an index that is filled at random takes ten times as long.
    **dict.fromkeys(["public_id", "secret", "session_key"], "lpad(to_hex(n), 8, '0') || substr({0}, 9)"),
    **dict.fromkeys(["username", "email", "number", "checkout_request_id", "about"], "{0} || '-' || n"),
    "phone": "'2547' || lpad(n::text, 8, '0')",
    "live_order": "{0} + n",
}

#: A year has half a million minutes.
APART = "{0} - n * interval '30 seconds'"


def sold(count: int) -> None:
    """So many orders more, each of a signed-in user of its own and paid by one payment."""
    user = get_user_model().objects.create_user(f"first of {count}", f"first-of-{count}@example.com")
    now = timezone.now()
    payment = pay(new_payment(new_order(user=user), now=now), number=f"M{count}", now=now)
    client = Client()
    client.force_login(user)
    multiply(payment, count, Session.objects.get(pk=client.session.session_key))


def asked(count: int) -> None:
    """So many payments more whose phones have not answered."""
    multiply(new_payment(now=timezone.now()), count)


def multiply(payment: MpesaPayment, count: int, *others: Model) -> None:
    """Copy a payment until there are so many, each half a minute older than the one before; and tell the planner.

    Its order, the order's user, receipts, callbacks and dues are copied with it, and ``others`` too. The role must be
    a superuser.
    """
    order: Any = payment.mpesa_order.order
    one = [order.user, order, payment.mpesa_order, payment]
    several = [payment.receipts, payment.callbacks, payment.mpesa_order.dues]
    rows = [*(row for row in one if row), *(row for found in several for row in found.order_by("pk")), *others]
    steps = {type(row): sum(type(each) is type(row) for each in rows) for row in rows}
    with connection.cursor() as cursor:
        # Foreign keys hold by construction; to look each of them up would take twice as long.
        cursor.execute("SET session_replication_role = replica")
        for row in rows:
            cursor.execute(_copying(row, count, steps))
        cursor.execute("SET session_replication_role = DEFAULT")
        for statement in connection.ops.sequence_reset_sql(no_style(), list(steps)):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def _copying(row: Model, count: int, steps: dict[type[Model], int]) -> str:
    """The SQL that copies one row; ids go on by as many as there are rows of the kind to copy."""
    columns = {_quoted(field.column): _unlike(field, steps) for field in row._meta.concrete_fields}
    table, key = _quoted(row._meta.db_table), _quoted(row._meta.pk.column)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
        f" FROM {table}, generate_series(1, {count - 1}) AS n WHERE {key} = '{row.pk}'"
    )


def _unlike(field: Field[Any, Any], steps: dict[type[Model], int]) -> str:
    column = _quoted(field.column)
    if field.column in UNLIKE:
        return UNLIKE[field.column].format(column)
    if isinstance(field, ForeignKey):
        return f"{column} + n * {steps.get(field.related_model, 0)}"
    if field.primary_key:
        return f"{column} + n * {steps[field.model]}"
    return APART.format(column) if isinstance(field, DateTimeField) else column


def _quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(str(name)))

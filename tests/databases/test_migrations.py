"""The migrations build the tables of these tests, and can be reversed."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.removal import MoneyNotExported
from tests.shop import new_payment, pay

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


def our_tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("oscar_mpesa_")}


def test_tables_match_the_migrations() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="oscar_mpesa")

    call_command("migrate", "--check", verbosity=0)

    assert applied.exists()


def test_migrations_reverse_and_reapply_and_a_payment_still_works() -> None:
    call_command("migrate", "oscar_mpesa", "zero", verbosity=0)
    gone = our_tables()
    call_command("migrate", "oscar_mpesa", verbosity=0)

    payment = pay(new_payment())

    assert gone == set()
    assert payment.status == "completed"


def test_migration_with_real_money_is_refused_before_a_table_goes() -> None:
    before = our_tables()
    pay(new_payment())
    MpesaReceipt.objects.update(environment="production")

    with pytest.raises(MoneyNotExported):
        call_command("migrate", "oscar_mpesa", "zero", verbosity=0)

    assert our_tables() == before
    assert MpesaReceipt.objects.get().amount == 1500


def test_unique_constraints_hold_on_this_database() -> None:
    with connection.cursor() as cursor:
        found = {
            table: {
                tuple(details["columns"])
                for details in connection.introspection.get_constraints(cursor, table).values()
                if details["unique"]
            }
            for table in our_tables()
        }

    assert {("live_order",), ("secret",), ("checkout_request_id",)} <= found["oscar_mpesa_mpesapayment"]
    assert {("environment", "number"), ("payment_id",)} <= found["oscar_mpesa_mpesareceipt"]
    assert ("environment", "open_number") in found["oscar_mpesa_mpesaclaim"]
    assert ("key",) in found["oscar_mpesa_mpesaoutboxmessage"]

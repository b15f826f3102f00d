"""The tables that these tests ran on are what the migrations make, and the migrations can be taken back."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.shop import new_payment, pay

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


def our_tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("oscar_mpesa_")}


def test_these_tables_were_migrated_and_nothing_is_left_to_migrate() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="oscar_mpesa")

    call_command("migrate", "--check", verbosity=0)

    assert applied.exists()


def test_the_migrations_go_back_and_forth_and_a_payment_still_works() -> None:
    call_command("migrate", "oscar_mpesa", "zero", verbosity=0)
    gone = our_tables()
    call_command("migrate", "oscar_mpesa", verbosity=0)

    payment = pay(new_payment())

    assert gone == set()
    assert payment.status == "completed"


def test_what_must_be_unique_is_unique_on_this_database_too() -> None:
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
    assert {("environment", "number"), ("awaiting_number",)} <= found["oscar_mpesa_mpesareceipt"]
    assert ("key",) in found["oscar_mpesa_mpesaoutboxmessage"]

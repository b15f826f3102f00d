"""The database ends the connection that a worker keeps, as a restart does: no callback is lost (M3)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.databases.threads import at_once, new_payment
from tests.services.daraja_replies import ACCEPTED, query_reply
from tests.shop import later, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

#: How to learn a connection's number, and how to end it.
COMMANDS = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s)"),
    "mysql": ("SELECT CONNECTION_ID()", "KILL CONNECTION %s"),
}


def end_connection() -> None:
    """End this thread's connection from another one."""
    number, kill = COMMANDS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(number)
        (pid,) = cursor.fetchone()

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute(kill, [pid])

    at_once([work])


def test_callback_is_stored_over_a_new_connection() -> None:
    payment = new_payment(now=timezone.now())
    end_connection()

    answer = Client().post(
        reverse("oscar_mpesa:hook", args=[payment.secret]), success(payment), content_type="application/json"
    )

    assert answer.status_code == 200
    assert MpesaCallback.objects.get().verdict == "applied"
    assert MpesaPayment.objects.get().status == "completed"


class CutsConnection(ScriptedTransport):
    """Let the database end the connection while a push or query waits for its reply."""

    def send(self, request: Request) -> Response:
        """Answer over a connection that is gone."""
        response = super().send(request)
        if self.sent("push"):
            end_connection()
        return response


@pytest.mark.usefixtures("credentials")
def test_id_of_a_push_is_stored_over_a_new_connection() -> None:
    transport = CutsConnection({"push": [ACCEPTED]})

    with replaced_transport(transport):
        payment = new_payment()

    assert (payment.status, payment.checkout_request_id) == ("processing", ACCEPTED["CheckoutRequestID"])


@pytest.mark.usefixtures("credentials")
def test_status_check_that_loses_the_connection_leaves_the_page_a_new_one() -> None:
    transport = CutsConnection({"push": [ACCEPTED], "query": [query_reply("1032")]})

    with replaced_transport(transport):
        payment = new_payment()
        has_changed = refresh_payment(payment, now=later(25))
        status = MpesaPayment.objects.get().status

    assert (len(transport.sent("query")), has_changed, status) == (1, False, "processing")


def test_callback_is_stored_although_the_driver_has_closed_the_connection() -> None:
    payment = new_payment()
    connection.ensure_connection()
    connection.connection.close()

    answer = Client().post(
        reverse("oscar_mpesa:hook", args=[payment.secret]), success(payment), content_type="application/json"
    )

    assert (answer.status_code, MpesaPayment.objects.get().status) == (200, "completed")

"""Callbacks arrive over real HTTP as they do in the tests' own client."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, Verdict
from tests.callbacks.raw_requests import chunked, post, statuses
from tests.gunicorn_shop import gunicorn_shop
from tests.shop import new_payment, success

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_every_complete_body_is_stored_and_no_other(tmp_path: Path, worker: str) -> None:
    payment = new_payment(now=timezone.now())
    path, body = reverse("oscar_mpesa:hook", args=[payment.secret]), success(payment)
    long = b"x" * 100_000

    with gunicorn_shop(tmp_path, "--worker-class", worker, "--threads", "2", workers=1) as shop:
        complete = [
            shop.send(request)
            for request in (
                chunked(path, body),
                post(path, f"Content-Length: {len(body)}", "Expect: 100-continue", body=body),
                post(path, "Content-Length: 10", body=body),
                post(path, "Content-Length: 0", body=b""),
                chunked(path, b""),
                chunked(path, long),
            )
        ]
        incomplete = [
            shop.send(request)
            for request in (
                post(path, f"Content-Length: {len(body) + 1}", body=body),
                chunked(path, body, end=b""),
                chunked(path, body, end=b"zz\r\n"),
                chunked(path, body, end=b"5\r\nab"),
            )
        ]

    stored = MpesaCallback.objects.order_by("pk")
    assert (statuses(complete), statuses(incomplete)) == ([200] * 6, [400] * 4)
    assert complete[1].startswith(b"HTTP/1.1 100 Continue")
    assert [bytes(each.body) for each in stored] == [body, body, body[:10], b"", b"", long[:65_536]]
    assert [each.verdict for each in stored][:2] == [Verdict.APPLIED, Verdict.DUPLICATE]

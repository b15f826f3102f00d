"""The pages about payments fit narrow and wide screens in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone, translation

from oscar_mpesa.models import MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services.pay_links import get_or_create_link
from tests.browser import states
from tests.browser.axe import WIDTHS, violations
from tests.shop import failure, new_order, new_payment, pay, post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: The tests skip Oscar's own menus.
OURS = ".mpesa-dashboard"


@pytest.fixture
def boss(new_visitor: Any) -> Any:
    """Return a function that signs in a superuser in a language."""
    get_user_model().objects.create_superuser("boss", "boss@example.com", "karibu-boss")

    def arrive(language: str) -> Any:
        return new_visitor(language=language, width=WIDTHS[0]).signs_in("boss@example.com", "karibu-boss")

    return arrive


def looked_at(person: Any, path: str, name: str) -> list[str]:
    """Take a screenshot at each width and return the faults."""
    wrong = []
    for width in WIDTHS:
        person.width = width
        person.page.set_viewport_size({"width": width, "height": 740})
        person.goes(path)
        for closed in person.page.locator(f"{OURS} details").all():
            closed.evaluate("each => each.open = true")
        person.looks(name)
        wrong += [f"{name} at {width}: {line}" for line in violations(person.page, within=OURS)]
        if not person.fits():
            wrong.append(f"{name} at {width} sticks out")
    return wrong


@pytest.mark.parametrize("language", ["en", "sw"])
def test_invalid_search_fits_and_is_accessible(boss: Any, language: str) -> None:
    assert looked_at(boss(language), "dashboard/mpesa/payments/?amount=x&q=a", "refused") == []


@pytest.mark.parametrize("language", ["en", "sw"])
def test_payment_page_fits_and_is_accessible(boss: Any, language: str) -> None:
    person = boss(language)
    failed = states.failed(1032)()
    late = states.late()

    wrong = looked_at(person, f"dashboard/mpesa/payments/{failed.pk}/", "failed")
    get_or_create_link(failed.mpesa_order, now=timezone.now())
    wrong += looked_at(person, f"dashboard/mpesa/payments/{failed.pk}/", "failed, with a link")
    wrong += looked_at(person, f"dashboard/mpesa/payments/{late.pk}/", "late")

    assert wrong == []


@pytest.mark.parametrize("language", ["en", "sw"])
def test_page_of_an_order_without_payments_fits_and_is_accessible(boss: Any, language: str) -> None:
    person, order = boss(language), new_order(status="Being processed", lines=10)

    wrong = looked_at(person, f"dashboard/mpesa/orders/{order.pk}/", "order without payments")

    assert wrong == []
    assert "guest@example.com" in person.page.inner_text(OURS)


def test_order_by_phone_is_asked_for_money_by_prompt(boss: Any) -> None:
    person, order = boss("en"), new_order(status="Being processed")

    person.goes(f"dashboard/orders/{order.number}/")
    person.page.get_by_text("Ask for payment by M-PESA").click()
    person.page.get_by_text("Send a prompt", exact=True).click()
    person.page.get_by_label("Another M-PESA number").fill("0712 345 678")
    person.page.get_by_role("button", name="Send the prompt to this number").click()
    person.page.wait_for_selector(".alert-success")

    payment = MpesaPayment.objects.get()
    assert (payment.mpesa_order_id, payment.phone, payment.amount) == (order.pk, "254712345678", 1500)
    assert "Waiting for the phone." in person.looks("order by phone, asked")


def test_payment_link_is_copied_by_a_button(new_visitor: Any) -> None:
    get_user_model().objects.create_superuser("boss", "boss@example.com", "karibu-boss")
    payment, person = states.failed(1032)(), new_visitor(scripts=True).signs_in("boss@example.com", "karibu-boss")
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.goes(f"dashboard/mpesa/payments/{payment.pk}/")
    person.page.get_by_text("Make a payment link").click()
    person.page.get_by_role("button", name="Make the link").click()

    person.page.get_by_role("button", name="Copy the link").click()
    person.page.wait_for_function("document.getElementById('mpesa-live').textContent !== ''")

    copied = person.page.evaluate("navigator.clipboard.readText()")
    assert copied == person.page.input_value("#mpesa-link")
    assert "/mpesa/pay/" in copied


def test_page_follows_the_payment_until_its_result(new_visitor: Any) -> None:
    get_user_model().objects.create_superuser("boss", "boss@example.com", "karibu-boss")
    payment, person = states.enter_pin(), new_visitor(scripts=True).signs_in("boss@example.com", "karibu-boss")
    person.goes(f"dashboard/mpesa/payments/{payment.pk}/")
    before = person.page.inner_text("#mpesa-answer")

    post(payment, failure(payment, code=1032), now=timezone.now())
    person.page.wait_for_function("document.getElementById('mpesa-live').textContent !== ''")

    assert "Waiting for the phone." in before
    assert "Not paid." in person.page.inner_text("#mpesa-answer")
    assert person.page.inner_text("#mpesa-live") == "Not paid."
    assert person.page.locator("#mpesa-follow").is_hidden()
    assert "Send a prompt" in person.page.inner_text("#mpesa-actions")


@pytest.mark.parametrize("language", ["en", "sw"])
def test_pages_of_unclear_payments_fit_and_are_accessible(boss: Any, language: str) -> None:
    person = boss(language)
    named, confirming = states.named_after_expiry(), states.confirming()
    paid = pay(new_payment(now=timezone.now()), now=timezone.now())
    MpesaOutboxMessage.objects.filter(mpesa_order=paid.mpesa_order, kind="paid_email").update(
        delivered_at=None, reserved_at=None, tries=12, error="SMTPServerDisconnected('Connection unexpectedly closed')"
    )

    wrong = looked_at(person, f"dashboard/mpesa/payments/{paid.pk}/", "email not delivered")
    undelivered = person.page.locator(".mpesa-notifications li").count()
    wrong += looked_at(person, f"dashboard/mpesa/payments/{named.pk}/", "named after expiry")
    wrong += looked_at(person, f"dashboard/mpesa/payments/{confirming.pk}/", "confirming")

    assert wrong == []
    assert undelivered == 1


def test_staff_find_a_payment_and_send_a_prompt_without_scripts(new_visitor: Any) -> None:
    get_user_model().objects.create_superuser("boss", "boss@example.com", "karibu-boss")
    failed = states.failed(1032)()
    long_ago = timezone.now() - timezone.timedelta(minutes=5)  # type: ignore[attr-defined]
    MpesaPayment.objects.update(push_sent_at=long_ago)
    person = new_visitor(scripts=False).signs_in("boss@example.com", "karibu-boss")

    person.goes("dashboard/mpesa/payments/")
    person.page.click(".mpesa-filter-fold summary")
    person.page.fill("#id_q", "0712 345 678")
    person.page.click(".mpesa-filter button[type=submit]")
    person.page.locator(".mpesa-table tbody a").first.click()
    person.page.get_by_text("Send a prompt", exact=True).click()
    person.page.get_by_role("button", name="Send the prompt to 0712").click()
    person.page.wait_for_selector(".alert-success")

    newest = MpesaPayment.objects.latest("pk")
    assert newest.pk != failed.pk
    assert person.page.url.endswith(f"/payments/{newest.pk}/")
    with translation.override("en"):
        assert translation.gettext("Waiting for the phone.") in person.looks("sent")

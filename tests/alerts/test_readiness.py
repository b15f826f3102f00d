"""The overview, the set-up page, the health endpoint and the checkout agree whether M-PESA works."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from oscar_mpesa.alerts.readiness import readiness
from oscar_mpesa.models import MpesaJobRun
from tests.alerts.readiness_shop import (
    HINT,
    UNKNOWN_PAYMENT,
    WARNING,
    WRONG_PASSKEY,
    buy,
    changed,
    chooser,
    failed_test_after_payment,
    in_test_mode,
    keys_rejected_after_payment,
    open_shop,
    outage,
    paid,
    passed_test_after_refused_push,
    payment_after_failed_test,
    run_setup_test,
    swapped_numbers_after_payment,
    without_settings,
)
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.services.daraja_replies import refusal
from tests.shop import CANCELS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)


STATES = {"Working": "working", "Not tested": "untested", "Not working": "not_working"}
OFFERED_TO = {"Everyone": "everyone", "Staff only": "staff", "Off": "nobody"}
LINE = re.compile(r"M-PESA is offered to: (Everyone|Staff only|Off) (Working|Not tested|Not working) ")


def the_page(name: str) -> str:
    return page_text(staff_client().get(url_of(name)))


def what_line_says(text: str) -> tuple[str, str]:
    found = LINE.search(text)
    assert found is not None, text
    return OFFERED_TO[found[1]], STATES[found[2]]


def health() -> Any:
    return Client().get("/api/payments/health/", headers={"Authorization": "Bearer maziwa"})


@pytest.mark.parametrize(
    ("happens", "offered_to", "state", "reason", "sentence"),
    [
        pytest.param(in_test_mode, "everyone", "working", "test_mode", "Test mode: the simulator", id="test mode"),
        pytest.param(without_settings, "nobody", "not_working", "settings", "wrong (E008)", id="no settings"),
        pytest.param(changed(CALLBACK_URL="a.ke"), "nobody", "not_working", "settings", "(E006)", id="faulty settings"),
        pytest.param(changed(PASSKEY=""), "nobody", "not_working", "settings", "(E003)", id="half the credentials"),
        pytest.param(changed(AVAILABLE_TO="staff"), "staff", "untested", "never_used", "Nobody has", id="staff only"),
        pytest.param(lambda _: None, "everyone", "untested", "never_used", "Nobody has paid yet.", id="never used"),
        pytest.param(paid, "everyone", "working", "paid", "Last payment: ", id="paid"),
        pytest.param(
            keys_rejected_after_payment,
            "everyone",
            "not_working",
            "credentials_rejected",
            "Safaricom has refused our key since",
            id="key rejected after a payment",
        ),
        pytest.param(
            outage, "everyone", "not_working", "calls_paused", "Safaricom has not answered since", id="outage"
        ),
        pytest.param(
            failed_test_after_payment,
            "everyone",
            "not_working",
            "setup_test_failed",
            "Errors in the last set-up test",
            id="set-up test failed after a payment",
        ),
        pytest.param(
            payment_after_failed_test, "everyone", "working", "paid", "Last payment: ", id="payment after a failed test"
        ),
        pytest.param(
            passed_test_after_refused_push,
            "everyone",
            "working",
            "test_passed",
            "Last set-up test without errors: ",
            id="set-up test passed after a refused push",
        ),
        pytest.param(
            swapped_numbers_after_payment,
            "everyone",
            "not_working",
            "swapped_numbers",
            "Till and paybill are probably mixed up",
            id="till and paybill swapped",
        ),
    ],
)
def test_overview_setup_health_and_checkout_agree(
    settings: Any, happens: Callable[[Any], None], offered_to: str, state: str, reason: str, sentence: str
) -> None:
    happens(settings)
    is_down = state == "not_working"

    overview, setup, answer, choices = the_page("overview"), the_page("setup"), health(), chooser()

    assert what_line_says(overview) == what_line_says(setup) == (offered_to, state)
    assert sentence in overview and sentence in setup
    assert overview.count(sentence) == 1
    assert ("Nothing needs attention." in overview) is not is_down
    assert answer.json()["mpesa"] | {"since": ""} == {
        "offered_to": offered_to,
        "state": state,
        "reason": reason,
        "since": "",
    }
    assert (answer.status_code, answer.json()["ok"]) == ((503, False) if is_down else (200, True))
    is_offered = offered_to == "everyone"
    assert ('value="mpesa"' in choices) is is_offered
    assert (WARNING in choices, HINT in choices) == (is_offered and is_down, is_offered and not is_down)


def test_shop_that_is_switched_off_raises_no_alert(settings: Any) -> None:
    keys_rejected_after_payment(settings)
    before = health()

    changed(AVAILABLE_TO="nobody")(settings)
    after = health()

    assert [alert["key"] for alert in before.json()["alerts"]] == ["credentials_rejected"]
    assert (after.status_code, after.json()["alerts"]) == (200, [])
    assert (after.json()["mpesa"]["offered_to"], after.json()["mpesa"]["state"]) == ("nobody", "not_working")


def test_alert_of_paused_prompts_counts_the_customers_who_wait(settings: Any) -> None:
    buy(phone=CANCELS)
    outage(settings)

    assert health().json()["alerts"] == [{"key": "safaricom_not_answering", "level": "urgent", "count": 1}]


def test_passed_test_ends_the_pause_that_silence_began(settings: Any) -> None:
    outage(settings)
    silent = readiness(timezone.now())

    later = timezone.now() + timedelta(minutes=2)
    MpesaJobRun.objects.create(job="setup_test sandbox", last_run_at=later)

    assert (str(silent.reason), str(readiness(later).reason)) == ("calls_paused", "test_passed")


def test_test_of_the_sandbox_says_nothing_about_production(settings: Any) -> None:
    run_setup_test(UNKNOWN_PAYMENT)
    in_sandbox = readiness(timezone.now())
    changed(ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)(settings)

    assert (str(in_sandbox.works), str(readiness(timezone.now()).works)) == ("working", "untested")


def test_payment_to_another_short_code_proves_nothing(settings: Any) -> None:
    paid()
    before = readiness(timezone.now())
    changed(SHORTCODE="5123456")(settings)

    assert (str(before.works), str(readiness(timezone.now()).works)) == ("working", "untested")


def test_inconclusive_test_forgets_the_failed_one() -> None:
    run_setup_test(WRONG_PASSKEY)
    failed = readiness(timezone.now())
    run_setup_test(refusal("400.002.05", "Invalid Request Payload", status=400))

    assert (str(failed.reason), failed.evidence.errors) == ("setup_test_failed", 1)
    assert str(readiness(timezone.now()).reason) == "never_used"

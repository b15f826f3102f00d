"""One verb: everything about the set-up, the worst first, and never a secret."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from oscar_mpesa.setup_check.findings import Level
from oscar_mpesa.setup_check.run import run_local_checks, run_setup_check
from oscar_mpesa.setup_check.settings import setting_rows, settings_findings
from oscar_mpesa.setup_check.words import WORDS
from oscar_mpesa.simulator.server import Simulator
from tests.setup_check.probes import KEYS, by_name, set_up

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "unused"}}
PRODUCTION = {"ENVIRONMENT": "production", "SHORTCODE": "600986", "SHORTCODE_TYPE": "paybill", "TEST_MODE": False}


def ready(settings: Any) -> None:
    """All that surrounds M-Pesa is right."""
    settings.CACHES = SHARED
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def test_a_shop_that_is_ready_is_told_so(settings: Any) -> None:
    ready(settings)
    set_up(settings, **PRODUCTION)
    record_job_run(RECONCILE, now=timezone.now())

    findings = by_name(run_local_checks(timezone.now()))

    assert list(findings) == ["settings-ok", "cache-ok", "mail-ok", "cron-ok", "receivers-ok"]
    assert {finding.level for finding in findings.values()} == {Level.OK}


def test_a_system_check_is_a_finding_in_the_same_words(settings: Any) -> None:
    ready(settings)
    set_up(settings, **PRODUCTION | {"SHORTCODE_TYPE": "", "PASSKEY": ""})

    findings = by_name(settings_findings())

    assert list(findings) == ["E003", "W004", "cache-ok", "mail-ok"]
    assert "MPESA_PASSKEY" in findings["E003"].remedy
    assert findings["E003"].meaning == "M-PESA is not offered until this is mended."
    assert findings["W004"].sentence == "Is 600986 a paybill or a till?"
    assert (findings["E003"].level, findings["W004"].level) == (Level.ERROR, Level.WARNING)


def test_a_check_that_the_shop_silenced_is_silent_here_too(settings: Any) -> None:
    settings.SILENCED_SYSTEM_CHECKS = ["oscar_mpesa.W007"]

    findings = by_name(settings_findings())

    assert "W007" not in findings and "W008" in findings


def test_a_demo_is_lawful() -> None:
    assert by_name(settings_findings())["E010"].level is Level.WARNING


def test_a_shop_in_test_mode_is_told_that_it_is_and_not_that_all_is_there(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True}

    findings = by_name(settings_findings())

    assert "settings-simulated" in findings and "settings-ok" not in findings


def test_workers_without_a_common_cache_and_mails_that_go_nowhere_are_told(settings: Any) -> None:
    set_up(settings, **PRODUCTION)

    findings = by_name(settings_findings())

    assert list(findings) == ["W007", "W008", "settings-ok"]


def test_the_worst_comes_first(settings: Any) -> None:
    set_up(settings, **PRODUCTION, BASE_URL="https://another.example", CALLBACK_URL="http://duka.example/hooks")

    levels = [finding.level for finding in run_setup_check(timezone.now())]

    assert levels == sorted(levels, key=list(Level).index)
    assert levels[0] is Level.ERROR


def test_every_part_has_its_say(settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, CALLBACK_URL=f"{live_server.url}/api/payments/hooks")

        names = {finding.name for finding in run_setup_check(timezone.now())}

    assert {"E010", "cron-never", "receivers-ok", "token-ok", "shortcode-ok", "callback-ok"} <= names


def test_nothing_is_asked_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside a transaction"):
        run_setup_check(timezone.now())


def test_what_is_set_is_shown_and_of_a_secret_only_whether_it_is_there(settings: Any) -> None:
    set_up(
        settings,
        PASSKEY="",
        ORDER_OWNERSHIP_CHECK=set_up,
        OTHER_METHODS=[("cod", "Cash", None)],
        ALERT_EMAILS=["a@b.ke"],
    )

    shown = {each.name: each for each in setting_rows()}

    words = " ".join(each.value for each in shown.values())
    assert not any(secret in words for secret in (KEYS["CONSUMER_KEY"], KEYS["CONSUMER_SECRET"], KEYS["PASSKEY"]))
    assert (shown["MPESA_CONSUMER_KEY"].value, shown["MPESA_PASSKEY"].value) == ("set", "missing")
    assert (shown["MPESA_AVAILABLE_TO"].value, shown["MPESA_TEST_MODE"].value) == ("everyone", "yes")
    assert (shown["OTHER_METHODS"].value, shown["MPESA_ALERT_EMAILS"].value) == ("cod", "a@b.ke")
    assert (shown["MPESA_ROUNDING"].value, shown["ORDER_OWNERSHIP_CHECK"].value) == (
        "up",
        "tests.setup_check.probes.set_up",
    )
    assert not shown["MPESA_PASSKEY"].is_set and not shown["MPESA_SUPPORT_CONTACT"].is_set


@pytest.mark.parametrize("name", [name for name, (level, *_) in WORDS.items() if level != "ok"])
def test_what_is_wrong_always_comes_with_what_to_do(name: str) -> None:
    level, sentence, _, remedy = WORDS[name]

    assert Level(level) and sentence and remedy

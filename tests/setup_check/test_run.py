"""The whole set-up check: every part runs, errors come first, no secrets are shown."""

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


def set_up_services(settings: Any) -> None:
    """Configure a shared cache and an email server."""
    settings.CACHES = SHARED
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 10


def test_ready_shop_has_only_ok_findings(settings: Any) -> None:
    set_up_services(settings)
    set_up(settings, **PRODUCTION)
    record_job_run(RECONCILE, now=timezone.now())

    findings = by_name(run_local_checks(timezone.now()))

    assert list(findings) == ["settings-ok", "cache-ok", "mail-ok", "cron-ok", "receivers-ok"]
    assert {finding.level for finding in findings.values()} == {Level.OK}


def test_system_check_is_a_finding_with_the_same_text(settings: Any) -> None:
    set_up_services(settings)
    set_up(settings, **PRODUCTION | {"SHORTCODE_TYPE": "", "PASSKEY": ""})

    findings = by_name(settings_findings())

    assert list(findings) == ["E003", "W004", "cache-ok", "mail-ok"]
    assert "MPESA_PASSKEY" in findings["E003"].remedy
    assert findings["E003"].meaning == "M-PESA is not offered until this is fixed."
    assert findings["W004"].sentence == "Is 600986 a paybill or a till?"
    assert (findings["E003"].level, findings["W004"].level) == (Level.ERROR, Level.WARNING)


def test_silenced_check_is_no_finding(settings: Any) -> None:
    settings.SILENCED_SYSTEM_CHECKS = ["oscar_mpesa.W007"]

    findings = by_name(settings_findings())

    assert "W007" not in findings and "W008" in findings


def test_demo_environment_is_only_a_warning() -> None:
    assert by_name(settings_findings())["E010"].level is Level.WARNING


def test_test_mode_is_reported_instead_of_complete_settings(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}

    findings = by_name(settings_findings())

    assert "settings-simulated" in findings and "settings-ok" not in findings


def test_unshared_cache_and_unsent_email_are_found(settings: Any) -> None:
    set_up(settings, **PRODUCTION)

    findings = by_name(settings_findings())

    assert list(findings) == ["W007", "W008", "settings-ok"]


def test_findings_are_sorted_by_severity(settings: Any) -> None:
    set_up(settings, **PRODUCTION, BASE_URL="https://another.example", CALLBACK_URL="http://duka.example/hooks")

    levels = [finding.level for finding in run_setup_check(timezone.now())]

    assert levels == sorted(levels, key=list(Level).index)
    assert levels[0] is Level.ERROR


def test_setup_check_runs_every_part(settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, CALLBACK_URL=f"{live_server.url}/api/payments/hooks")

        names = {finding.name for finding in run_setup_check(timezone.now())}

    assert {"E010", "cron-never", "receivers-ok", "token-ok", "shortcode-ok", "callback-ok"} <= names


def test_setup_check_refuses_to_run_in_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside a transaction"):
        run_setup_check(timezone.now())


def test_setting_rows_show_values_but_no_secrets(settings: Any) -> None:
    set_up(
        settings,
        PASSKEY="",
        ORDER_OWNERSHIP_CHECK=set_up,
        OTHER_METHODS=[("cod", "Cash", None)],
        ALERT_EMAILS=["a@b.ke"],
    )

    shown = {each.name: each for each in setting_rows()}

    values = " ".join(each.value for each in shown.values())
    assert not any(secret in values for secret in (KEYS["CONSUMER_KEY"], KEYS["CONSUMER_SECRET"], KEYS["PASSKEY"]))
    assert (shown["MPESA_CONSUMER_KEY"].value, shown["MPESA_PASSKEY"].value) == ("set", "missing")
    assert (shown["MPESA_AVAILABLE_TO"].value, shown["MPESA_TEST_MODE"].value) == ("everyone", "yes")
    assert (shown["OTHER_METHODS"].value, shown["MPESA_ALERT_EMAILS"].value) == ("cod", "a@b.ke")
    assert (shown["MPESA_ROUNDING"].value, shown["ORDER_OWNERSHIP_CHECK"].value) == (
        "up",
        "tests.setup_check.probes.set_up",
    )
    assert not shown["MPESA_PASSKEY"].is_set and not shown["MPESA_SUPPORT_CONTACT"].is_set


@pytest.mark.parametrize("name", [name for name, (level, *_) in WORDS.items() if level != "ok"])
def test_every_problem_has_a_remedy(name: str) -> None:
    level, sentence, _, remedy = WORDS[name]

    assert Level(level) and sentence and remedy

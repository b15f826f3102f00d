"""Our errors fail ``check --deploy``. Other commands, ``migrate`` among them, print them and run."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone

from oscar_mpesa.management.commands.mpesa_reconcile import Command
from oscar_mpesa.services.reconciliation import RECONCILE, last_job_run
from tests.wiring.checked import PRODUCTION

pytestmark = pytest.mark.django_db(transaction=True)

#: Settings with E003, and those with E008.
FAULTY = [
    pytest.param({**PRODUCTION, "PASSKEY": ""}, "oscar_mpesa.E003", id="a missing credential"),
    pytest.param({}, "oscar_mpesa.E008", id="no production settings"),
]


@pytest.mark.parametrize(("ours", "id_"), FAULTY)
def test_deployment_check_fails_and_plain_check_warns(settings: Any, ours: dict[str, Any], id_: str) -> None:
    settings.OSCAR_MPESA = ours
    warned = StringIO()

    call_command("check", stderr=warned)
    with pytest.raises(SystemCheckError) as strict:
        call_command("check", "--fail-level", "WARNING")
    with pytest.raises(SystemCheckError) as deployed:
        call_command("check", "--deploy")

    assert f"WARNINGS:\n?: ({id_})" in warned.getvalue()
    assert "HINT: Set " in warned.getvalue()
    assert id_ in str(strict.value)
    errors = str(deployed.value).partition("WARNINGS:")[0]
    assert f"?: ({id_})" in errors


@pytest.mark.parametrize(("ours", "id_"), FAULTY)
def test_migrate_runs_and_warns(settings: Any, ours: dict[str, Any], id_: str) -> None:
    settings.OSCAR_MPESA = ours
    out, warned = StringIO(), StringIO()

    call_command("migrate", plan=True, skip_checks=False, stdout=out, stderr=warned)

    assert "Planned operations:" in out.getvalue()
    assert id_ in warned.getvalue()


def test_silenced_error_is_silent_in_every_command(settings: Any) -> None:
    settings.OSCAR_MPESA, warned = {}, StringIO()
    call_command("check", tags=["oscar_mpesa"], stderr=warned)
    settings.SILENCED_SYSTEM_CHECKS = ["oscar_mpesa.E008"]
    silent, deployed = StringIO(), StringIO()

    call_command("check", tags=["oscar_mpesa"], stderr=silent, stdout=silent)
    call_command("check", "--deploy", tags=["oscar_mpesa"], stderr=deployed)

    assert "E008" in warned.getvalue()
    assert "E008" not in silent.getvalue() + deployed.getvalue()


@pytest.mark.parametrize(("ours", "id_"), FAULTY)
def test_reconcile_emails_the_alert_about_the_settings(settings: Any, ours: dict[str, Any], id_: str) -> None:
    settings.OSCAR_MPESA = {**ours, "ALERT_EMAILS": ["mama@shop.example"]}
    before = timezone.now()

    Command().run_from_argv(["manage.py", "mpesa_reconcile"])  # as from a shell: call_command skips checks

    last = last_job_run(RECONCILE)
    assert last is not None and last >= before
    (message,) = mail.outbox
    assert f"M-PESA is not offered, because its settings are wrong ({id_[-4:]})." in message.body

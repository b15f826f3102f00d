"""Checks that run with ``check --deploy`` and on the set-up page only."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from oscar_mpesa import checks
from tests.wiring.checked import PRODUCTION, SANDBOX, hints


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({"TEST_MODE": True}, ["E010"], id="simulated"),
        pytest.param(SANDBOX, ["E010"], id="the sandbox"),
        pytest.param(PRODUCTION, [], id="production"),
        pytest.param({}, [], id="faulty, which E008 reports"),
    ],
)
def test_deployed_shop_in_test_mode_is_an_error(settings: Any, changes: dict[str, Any], ids: list[str]) -> None:
    found = hints(checks.check_deployment, settings, **changes)

    assert list(found) == ids
    assert all("MPESA_ENVIRONMENT=production" in hint for hint in found.values())


@pytest.mark.parametrize(
    ("backend", "ids"),
    [
        pytest.param("django.core.cache.backends.locmem.LocMemCache", ["W007"], id="one for each process"),
        pytest.param("django.core.cache.backends.dummy.DummyCache", ["W007"], id="none"),
        pytest.param("django.core.cache.backends.redis.RedisCache", [], id="Redis"),
    ],
)
def test_cache_per_process_is_a_warning(settings: Any, backend: str, ids: list[str]) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}

    found = hints(checks.check_cache, settings, **PRODUCTION)

    assert list(found) == ids
    assert all("Redis" in hint for hint in found.values())


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({}, [], id="a server and a sender"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, ["W008"], id="console"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}, ["W008"], id="dummy"),
        pytest.param({"DEFAULT_FROM_EMAIL": "webmaster@localhost"}, ["W009"], id="Django's sender"),
        pytest.param({"OSCAR_FROM_EMAIL": "oscar@example.com"}, ["W009"], id="Oscar's sender"),
        pytest.param({"EMAIL_TIMEOUT": None}, ["W014"], id="no time limit"),
    ],
)
def test_email_backend_that_sends_nothing_is_a_warning(settings: Any, changes: dict[str, Any], ids: list[str]) -> None:
    right: dict[str, Any] = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_TIMEOUT": 10}
    right |= dict.fromkeys(("DEFAULT_FROM_EMAIL", "OSCAR_FROM_EMAIL"), "duka@duka.co.ke")
    for name, value in {**right, **changes}.items():
        setattr(settings, name, value)

    found = hints(checks.check_mail, settings)

    assert list(found) == ids
    assert all("Set " in hint for hint in found.values())


def test_deployment_checks_run_with_deploy_only() -> None:
    usual = {message.id for message in run_checks(tags=["oscar_mpesa"])}
    deployed = {message.id for message in run_checks(tags=["oscar_mpesa"], include_deployment_checks=True)}

    assert usual == set()
    assert deployed == {f"oscar_mpesa.{id_}" for id_ in ("E010", "W007", "W008")}

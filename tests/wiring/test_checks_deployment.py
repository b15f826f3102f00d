"""What only ``check --deploy``, and the set-up page, look at."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from oscar_mpesa import checks
from tests.wiring.checked import PRODUCTION, SANDBOX, told


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({"TEST_MODE": True}, ["E010"], id="simulated"),
        pytest.param(SANDBOX, ["E010"], id="the sandbox"),
        pytest.param(PRODUCTION, [], id="production"),
        pytest.param({}, [], id="faulty: told by E008 already"),
    ],
)
def test_a_deployed_shop_that_takes_no_real_money_is_an_error(
    settings: Any, changes: dict[str, Any], ids: list[str]
) -> None:
    said = told(checks.check_deployment, settings, **changes)

    assert list(said) == ids
    assert all("MPESA_ENVIRONMENT=production" in hint for hint in said.values())


@pytest.mark.parametrize(
    ("backend", "ids"),
    [
        pytest.param("django.core.cache.backends.locmem.LocMemCache", ["W007"], id="one for each process"),
        pytest.param("django.core.cache.backends.dummy.DummyCache", ["W007"], id="none"),
        pytest.param("django.core.cache.backends.redis.RedisCache", [], id="Redis"),
    ],
)
def test_workers_without_a_common_cache_are_a_warning(settings: Any, backend: str, ids: list[str]) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}

    said = told(checks.check_cache, settings, **PRODUCTION)

    assert list(said) == ids
    assert all("Redis" in hint for hint in said.values())


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({}, [], id="a server and a sender"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, ["W008"], id="console"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}, ["W008"], id="dummy"),
        pytest.param({"DEFAULT_FROM_EMAIL": "webmaster@localhost"}, ["W009"], id="Django's sender"),
        pytest.param({"OSCAR_FROM_EMAIL": "oscar@example.com"}, ["W009"], id="Oscar's sender"),
    ],
)
def test_mails_that_nobody_gets_are_a_warning(settings: Any, changes: dict[str, str], ids: list[str]) -> None:
    right = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}
    right |= dict.fromkeys(("DEFAULT_FROM_EMAIL", "OSCAR_FROM_EMAIL"), "duka@duka.co.ke")
    for name, value in {**right, **changes}.items():
        setattr(settings, name, value)

    said = told(checks.check_mail, settings)

    assert list(said) == ids
    assert all("Set " in hint for hint in said.values())


def test_what_only_a_deployment_is_asked_about_is_not_said_every_day() -> None:
    usual = {message.id for message in run_checks(tags=["oscar_mpesa"])}
    deployed = {message.id for message in run_checks(tags=["oscar_mpesa"], include_deployment_checks=True)}

    assert usual == set()
    assert deployed == {f"oscar_mpesa.{id_}" for id_ in ("E010", "W007", "W008")}

"""The demo shop's settings with DEBUG off are complete and safe."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.house.sources import ROOT

pytestmark = pytest.mark.slow

REQUIRED = {
    "DEBUG": "false",
    "SECRET_KEY": "Njoo kesho uchukue mzigo wako, duka linafungwa saa 12 jioni.",
    "ALLOWED_HOSTS": "shop.example.com",
}
PRODUCTION = REQUIRED | {
    "CSRF_TRUSTED_ORIGINS": "https://shop.example.com",
    "SITE_DOMAIN": "shop.example.com",
    "SECURE_HSTS_SECONDS": "31536000",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": "true",
    "SECURE_HSTS_PRELOAD": "true",
    "TRUST_X_FORWARDED_PROTO": "true",
    "CACHE_URL": "rediscache://127.0.0.1:6379/1",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "Shop <orders@shop.example.com>",
    "MPESA_ENVIRONMENT": "production",
    "MPESA_CONSUMER_KEY": "key-of-the-shop",
    "MPESA_CONSUMER_SECRET": "secret-of-the-shop",
    "MPESA_SHORTCODE": "600123",
    "MPESA_SHORTCODE_TYPE": "paybill",
    "MPESA_PASSKEY": "5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99",
    "MPESA_CALLBACK_URL": "https://shop.example.com/api/payments/hooks",
}

#: Prints the settings that the environment decides.
SHOW = """
from django.conf import settings as s
print(s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.OSCAR_BASKET_COOKIE_SECURE)
print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)
print(s.SECURE_PROXY_SSL_HEADER, s.SECURE_REFERRER_POLICY, s.CSRF_TRUSTED_ORIGINS, s.EMAIL_HOST)
"""


def manage(variables: dict[str, str], *words: str) -> str:
    """Run a command of the demo shop with only these variables, and return all that it says."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite://:memory:", **variables}
    command = [sys.executable, "-m", "sandbox_site.manage", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def test_deployment_check_has_no_warnings_in_production() -> None:
    output = manage(PRODUCTION, "check", "--deploy")

    assert output == "System check identified no issues (0 silenced).\n"


def test_deployment_check_warns_without_the_variables() -> None:
    output = manage(REQUIRED | {"HTTPS_ONLY": "false"}, "check", "--deploy")

    warnings = set(re.findall(r"\((security\.\w+)\)", output))
    assert warnings == {"security.W004", "security.W008", "security.W012", "security.W016"}


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_missing_variable_is_named(missing: str) -> None:
    variables = {name: value for name, value in REQUIRED.items() if name != missing}

    output = manage(variables, "check")

    assert f"ImproperlyConfigured: Set the {missing} environment variable" in output


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        pytest.param(
            PRODUCTION,
            [
                "True True True True",
                "31536000 True True",
                "('HTTP_X_FORWARDED_PROTO', 'https') same-origin ['https://shop.example.com'] mail.example.com",
            ],
            id="all",
        ),
        pytest.param(REQUIRED, ["True True True True", "0 False False", "None same-origin [] None"], id="required"),
        pytest.param({}, ["False False False False", "0 False False", "None same-origin [] None"], id="none"),
    ],
)
def test_environment_decides_the_settings(variables: dict[str, str], shown: list[str]) -> None:
    assert manage(variables, "shell", "--verbosity=0", "--command", SHOW).splitlines()[-3:] == shown

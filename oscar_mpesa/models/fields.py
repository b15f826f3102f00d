"""The columns that several rows share."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.conf import PRODUCTION, SANDBOX, SIMULATED


def new_public_id() -> str:
    """32 hex digits: stands in URLs in the row's place, and cannot be guessed."""
    return secrets.token_hex(16)


class EnvironmentField(models.CharField):  # type: ignore[type-arg]
    """Where the row's money is; only ``production`` is money."""

    CHOICES = [(PRODUCTION, _("Production")), (SANDBOX, _("Sandbox (test)")), (SIMULATED, _("Simulated (test)"))]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_length=16, choices=self.CHOICES)
        kwargs.setdefault("verbose_name", _("environment"))
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out what this class itself sets, so that a change of a label makes no migration."""
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "choices", "verbose_name"):
            kwargs.pop(key, None)
        return name, path, args, kwargs


class OutsideTextField(models.TextField):  # type: ignore[type-arg]
    """Text from outside: NUL characters go, because PostgreSQL refuses them and no sentence needs them."""

    def get_prep_value(self, value: Any) -> Any:
        """The text without NUL."""
        prepared = super().get_prep_value(value)
        return prepared.replace("\x00", "") if isinstance(prepared, str) else prepared

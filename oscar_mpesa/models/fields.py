"""Define columns that several models share."""

from __future__ import annotations

import secrets
from typing import Any

import django
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from oscar_mpesa.conf import PRODUCTION, SANDBOX, SIMULATED


def new_public_id() -> str:
    """Return 32 random hex digits, which stand for the row in URLs."""
    return secrets.token_hex(16)


class EnvironmentField(models.CharField):  # type: ignore[type-arg]
    """The environment a row belongs to. Only ``production`` is real money."""

    CHOICES = [
        (PRODUCTION, pgettext_lazy("choice", "Production")),
        (SANDBOX, pgettext_lazy("choice", "Sandbox (test)")),
        (SIMULATED, pgettext_lazy("choice", "Simulated (test)")),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_length=16, choices=self.CHOICES)
        kwargs.setdefault("verbose_name", pgettext_lazy("field", "environment"))
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out what this class sets itself, so that a changed label needs no migration."""
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "choices", "verbose_name"):
            kwargs.pop(key, None)
        return name, path, args, kwargs


class OutsideTextField(models.TextField):  # type: ignore[type-arg]
    """Text from outside the shop. NUL characters are removed, because PostgreSQL refuses them."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the text without NUL characters."""
        prepared = super().get_prep_value(value)
        return prepared.replace("\x00", "") if isinstance(prepared, str) else prepared


def check_constraint(condition: Q, *, name: str) -> models.CheckConstraint:
    """Return a check constraint. Django 5.1 renamed its argument, and Django 6.0 removed the old name."""
    argument = "condition" if django.VERSION >= (5, 1) else "check"
    arguments: dict[str, Any] = {argument: condition, "name": name}
    return models.CheckConstraint(**arguments)

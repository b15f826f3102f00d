"""Record when each background job last ran, and what it found."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MpesaJobRun(models.Model):
    """One row for each background job: when it last ran, and how many problems it found.

    The problems of ``ledger_check`` can be those of an earlier check: only a complete one clears them.
    """

    job = models.CharField(max_length=32, unique=True)
    last_run_at = models.DateTimeField(_("last seen at"))
    problems = models.PositiveIntegerField(pgettext_lazy("field", "problems"), default=0)

    class Meta:
        verbose_name = _("M-PESA job run")
        verbose_name_plural = _("M-PESA job runs")
        default_permissions = ()
        ordering = ["job"]

    def __str__(self) -> str:
        return self.job

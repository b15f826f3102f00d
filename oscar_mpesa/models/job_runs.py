"""Record when each background job last finished."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MpesaJobRun(models.Model):
    """One row for each background job, with the time at which it last finished."""

    job = models.CharField(max_length=32, unique=True)
    last_run_at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("M-PESA job run")
        verbose_name_plural = _("M-PESA job runs")
        ordering = ["job"]

    def __str__(self) -> str:
        return self.job

"""What the owner was alerted about, so that each thing is told once a day, whoever finds it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MpesaAlert(models.Model):
    """One row for each thing that may be told and each way of telling it; claimed by a compare-and-set."""

    key = models.CharField(max_length=64, unique=True)
    reserved_at = models.DateTimeField(null=True, blank=True)
    notified_at = models.DateTimeField(_("told at"), null=True, blank=True)

    class Meta:
        verbose_name = _("M-Pesa alert")
        verbose_name_plural = _("M-Pesa alerts")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

"""Record which alerts the owner was notified of, so that each is sent once a day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MpesaAlert(models.Model):
    """One row for each alert and each channel that sends it. A worker reserves a row by compare-and-set."""

    key = models.CharField(max_length=64, unique=True)
    reserved_at = models.DateTimeField(null=True, blank=True)
    notified_at = models.DateTimeField(pgettext_lazy("field", "notified at"), null=True, blank=True)

    class Meta:
        verbose_name = _("M-PESA alert")
        verbose_name_plural = _("M-PESA alerts")
        default_permissions = ()
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

"""That something was seen to run: what a shop is asked about when nothing seems to happen by itself."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MpesaHeartbeat(models.Model):
    """One row for each thing that ought to run by itself, with the moment at which it last came to its end."""

    what = models.CharField(_("what"), max_length=32, unique=True)
    beat_at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("M-Pesa heartbeat")
        verbose_name_plural = _("M-Pesa heartbeats")
        ordering = ["what"]

    def __str__(self) -> str:
        return self.what

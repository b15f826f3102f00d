"""Wake what delivers messages, once their transaction has committed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils.module_loading import import_string

from oscar_mpesa.conf import get_settings

logger = logging.getLogger("oscar_mpesa")


def wake(*, now: datetime) -> None:
    """Call the setting ``WAKE`` with the time in UTC. Never raises: ``mpesa_reconcile`` does what was not woken.

    The caller may be a request, so ``WAKE`` must return at once.
    """
    target = get_settings().WAKE
    if not target:
        return
    try:
        call = import_string(target) if isinstance(target, str) else target
        call(now=now)
    except Exception:
        logger.exception("M-PESA: OSCAR_MPESA['WAKE'] raised; mpesa_reconcile delivers what is due")

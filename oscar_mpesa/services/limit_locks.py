"""Lock a row for each session, address, phone or email, so that requests of one instant count each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from oscar_mpesa.models import MpesaLimitLock

#: How long a row is kept after its last use.
KEPT_FOR = timedelta(days=2)

#: ``used_at`` is written this often at most.
MINIMUM_INTERVAL = timedelta(hours=1)


def lock_limits(keys: Iterable[str], *, now: datetime) -> None:
    """Lock the row of each key, such as ``session:…``, until the transaction ends. Call it inside one.

    Call it before any other lock is taken. The rows are locked in one order everywhere, which prevents deadlocks.
    """
    for digest in sorted(sha256(key.encode()).hexdigest() for key in set(keys)):
        lock, is_new = MpesaLimitLock.objects.select_for_update().get_or_create(key=digest, defaults={"used_at": now})
        if not is_new and lock.used_at < now - MINIMUM_INTERVAL:
            MpesaLimitLock.objects.filter(pk=lock.pk).update(used_at=now)


def delete_old_locks(*, now: datetime) -> int:
    """Delete the rows that were not used for two days. Returns their number."""
    return MpesaLimitLock.objects.filter(used_at__lt=now - KEPT_FOR).delete()[0]

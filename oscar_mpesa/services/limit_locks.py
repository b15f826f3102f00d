"""Lock a row for each session, address, phone or email, so that requests of one instant count each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection

from oscar_mpesa.models import MpesaLimitLock

#: How long a row is kept after its last use.
KEPT_FOR = timedelta(days=2)


def lock_limits(keys: Iterable[str], *, now: datetime) -> None:
    """Lock the row of each key, such as ``session:…``, until the transaction ends. Call it inside one.

    Call it before any other lock is taken. The rows are locked in one order everywhere, which prevents deadlocks. It is
    one upsert, because it locks also rows that are new: MariaDB ends selects of several who insert one in a deadlock.
    """
    digests = sorted({sha256(key.encode()).hexdigest() for key in keys})
    unique = None if connection.vendor == "mysql" else ["key"]
    rows = [MpesaLimitLock(key=digest, used_at=now) for digest in digests]
    MpesaLimitLock.objects.bulk_create(rows, update_conflicts=True, update_fields=["used_at"], unique_fields=unique)


def delete_old_locks(*, now: datetime) -> int:
    """Delete the rows that were not used for two days. Returns their number."""
    return MpesaLimitLock.objects.filter(used_at__lt=now - KEPT_FOR).delete()[0]

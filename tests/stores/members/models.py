"""The shop's user."""

from __future__ import annotations

import uuid

from django.db import models
from oscar.apps.customer.abstract_models import AbstractUser


class Member(AbstractUser):
    """A user without a name, whose key is a UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

"""Staff who can open the M-PESA pages, and people to give a role to."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from oscar_mpesa.services.roles import ROLES

#: The most people on a page.
MOST = 100

#: The most results of a search.
MOST_FOUND = 20


def staff_of_ours() -> list[Any]:
    """Return active staff with a role or a permission of ours, and superusers, with their groups; the first 100."""
    is_ours = Q(
        pk__in=_users().filter(groups__permissions__content_type__app_label="oscar_mpesa").values("pk"),
    ) | Q(pk__in=_users().filter(user_permissions__content_type__app_label="oscar_mpesa").values("pk"))
    people = _users().filter(is_ours | Q(is_superuser=True) | Q(groups__name__in=[role.name for role in ROLES]))
    found = people.filter(is_active=True, is_staff=True).distinct().prefetch_related("groups", "user_permissions")
    return list(found.order_by("pk")[:MOST])


def people_called(text: str) -> list[Any]:
    """Return active people whose email or user name begins with the text, the first 20; none for an empty text."""
    name, model = text.replace("\x00", "").strip(), get_user_model()
    if not name:
        return []
    fields = {model.USERNAME_FIELD, model.get_email_field_name()}
    begins = Q()
    for field in sorted(fields):
        begins |= Q(**{f"{field}__istartswith": name})
    return list(_users().filter(begins, is_active=True).prefetch_related("groups").order_by("pk")[:MOST_FOUND])


def _users() -> Any:
    return get_user_model()._default_manager.all()

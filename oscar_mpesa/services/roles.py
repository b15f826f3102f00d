"""Ready roles for staff: groups of Django's with the permissions that a job needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models import EventType
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import name_of

#: Every permission that does something in the dashboard, by its codename.
PERMISSIONS = (
    "view_mpesapayment",
    "act_on_payment",
    "record_claim",
    "view_full_phone",
    "block_phone",
    "close_order",
    "match_receipt",
    "resolve_receipt",
    "record_refund",
    "view_turnover",
    "view_activity",
    "export_payments",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRole:
    """A job in the shop. ``name`` is the name of its group in the database, in every language."""

    key: str
    name: str
    label: Any
    description: Any
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """What a role's group had too few and too many: codenames of permissions."""

    role: StaffRole
    missing: tuple[str, ...]
    extra: tuple[str, ...]


CASHIER = StaffRole(
    key="cashier",
    name="M-PESA cashier",
    label=pgettext_lazy("role", "M-PESA cashier"),
    description=_(
        "Answers customers: finds payments, checks their status, sends prompts and records payments from the portal."
    ),
    permissions=("view_mpesapayment", "act_on_payment", "record_claim"),
)
SUPERVISOR = StaffRole(
    key="supervisor",
    name="M-PESA supervisor",
    label=pgettext_lazy("role", "M-PESA supervisor"),
    description=_("Does everything: money, refunds, full phone numbers, blocked numbers, reports and activity."),
    permissions=PERMISSIONS,
)
ACCOUNTANT = StaffRole(
    key="accountant",
    name="M-PESA accountant",
    label=pgettext_lazy("role", "M-PESA accountant"),
    description=_("Closes the month: matches, resolves and records money, records refunds and downloads the files."),
    permissions=(
        "view_mpesapayment",
        "record_claim",
        "match_receipt",
        "resolve_receipt",
        "record_refund",
        "view_turnover",
        "view_activity",
        "export_payments",
    ),
)

ROLES = (CASHIER, SUPERVISOR, ACCOUNTANT)


def role_changes() -> Iterator[RoleChange]:
    """Yield for each role what its group lacks, and what it has beyond the role. Changes nothing."""
    for role in ROLES:
        held = set(_own_permissions().filter(group__name=role.name).values_list("codename", flat=True))
        wanted = set(role.permissions)
        yield RoleChange(role=role, missing=tuple(sorted(wanted - held)), extra=tuple(sorted(held - wanted)))


def create_roles(*, exactly: bool = False) -> list[RoleChange]:
    """Create the groups of the roles and give them what they lack; return the changes.

    Permissions that the shop added to a group stay, unless ``exactly``. A second call changes nothing.
    """
    with transaction.atomic():
        changes = list(role_changes())
        for change in changes:
            group, _is_new = Group.objects.get_or_create(name=change.role.name)
            group.permissions.add(*_own_permissions().filter(codename__in=change.missing))
            if exactly:
                group.permissions.remove(*_own_permissions().filter(codename__in=change.extra))
    return changes


def change_role(person: Any, role: StaffRole, *, is_given: bool, by: Any, now: datetime) -> bool:
    """Give a role to a person, or take it away; return whether that changed anything. Creates the role's group.

    Somebody who is given a role becomes staff, because only staff can open the dashboard. Raises ``PermissionDenied``
    unless ``by`` is a superuser.
    """
    if not (by.is_active and by.is_superuser):
        raise PermissionDenied("only a superuser gives roles")
    create_roles()
    with transaction.atomic():
        group = Group.objects.select_for_update().get(name=role.name)
        if person.groups.filter(pk=group.pk).exists() == is_given:
            return False
        if is_given:
            person.groups.add(group)
            _make_staff(person)
        else:
            person.groups.remove(group)
        event = EventType.ROLE_GIVEN if is_given else EventType.ROLE_TAKEN
        audit.record(event, None, now=now, by=by, role=role.name, person=name_of(person))
    return True


def _make_staff(person: Any) -> None:
    if not person.is_staff:
        person.is_staff = True
        person.save(update_fields=["is_staff"])


def _own_permissions() -> Any:
    return Permission.objects.filter(content_type__app_label="oscar_mpesa")

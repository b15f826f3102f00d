"""Give staff their roles, and take them away. Only superusers may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.people.queries import MOST, people_called, staff_of_ours
from oscar_mpesa.dashboard.refusals import permission_labels
from oscar_mpesa.services.authorization import name_of
from oscar_mpesa.services.roles import ROLES, StaffRole, change_role


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person with their roles, the roles that they lack, and their other permissions of ours, in words."""

    person: Any
    name: str
    email: str
    held: list[StaffRole]
    others: list[StaffRole]
    further: list[Any]


class PeopleView(DashboardMixin, TemplateView):
    """Staff who can open the M-PESA pages, a search for people, and what each role may do."""

    template_name = "oscar_mpesa/dashboard/people/people.html"
    tab = "mpesa-people"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the people, those who were searched for, and the roles with their permissions in words."""
        labels, term = permission_labels(), self.request.GET.get("q", "")[:150]
        people = staff_of_ours()
        return {
            **super().get_context_data(**kwargs),
            "name_searched": term,
            "people": [_row(person, labels) for person in people],
            "is_cut": len(people) == MOST,
            "found": [_row(person, labels) for person in people_called(term)],
            "roles": [(role, [labels[each] for each in role.permissions]) for role in ROLES],
        }


class PersonRoleView(View):
    """Give a role to a person, or take it away."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Change one role. Raises ``Http404`` for an unknown person or role."""
        person = _person(pk)
        role = next((each for each in ROLES if each.key == request.POST.get("role")), None)
        if role is None:
            raise Http404
        is_given = request.POST.get("action") == "give"
        change_role(person, role, is_given=is_given, by=request.user, now=timezone.now())
        values = {"name": name_of(person), "role": role.label}
        sentence = (
            _("%(name)s now has the role %(role)s.") if is_given else _("%(name)s no longer has the role %(role)s.")
        )
        messages.success(request, sentence % values)
        return redirect("dashboard:mpesa-people")


def _person(pk: str) -> Any:
    try:
        found = get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
    except (ValueError, ValidationError, OverflowError):  # no key of this shop's user model
        found = None
    if found is None:
        raise Http404
    return found


def _row(person: Any, labels: dict[str, Any]) -> PersonRow:
    names = {group.name for group in person.groups.all()}
    held = [role for role in ROLES if role.name in names]
    further = [each.codename for each in person.user_permissions.all() if each.codename in labels]
    return PersonRow(
        person=person,
        name=name_of(person),
        email=getattr(person, person.get_email_field_name(), "") or "",
        held=held,
        others=[role for role in ROLES if role not in held],
        further=[labels[codename] for codename in sorted(further)],
    )

"""The page for staff who lack a permission: it names the permission, and the roles that have it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import pgettext
from oscar.views.decorators import check_permissions

from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.navigation import tabs_for
from oscar_mpesa.services.roles import ROLES

View = Callable[..., HttpResponse]


def explain_refusal(view: View, permissions: list[str]) -> View:
    """Return the view with our page, status 403, for staff without these permissions. Everybody else gets the view."""

    @wraps(view)
    def explained(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        if user.is_authenticated and user.is_staff and not check_permissions(user, permissions):
            return _refusal_page(request, permissions)
        return view(request, *args, **kwargs)

    return explained


def _refusal_page(request: HttpRequest, permissions: list[str]) -> HttpResponse:
    user: Any = request.user
    lacking = [each for each in permissions if "." in each and not user.has_perm(each)]
    codenames = {each.partition(".")[2] for each in lacking}
    context = {
        "tabs": tabs_for(user, current=""),
        "is_test_shop": get_settings().is_test,
        "lacking": [label for codename, label in permission_labels().items() if codename in codenames],
        "roles": [role for role in ROLES if codenames and codenames <= set(role.permissions)],
    }
    return TemplateResponse(request, "oscar_mpesa/dashboard/refused.html", context, status=403)


def permission_labels() -> dict[str, Any]:
    """Return the names of our permissions by codename, in the active language."""
    models = apps.get_app_config("oscar_mpesa").get_models()
    custom = {codename: label for model in models for codename, label in model._meta.permissions}
    return {"view_mpesapayment": pgettext("permission", "Can open the M-PESA pages"), **custom}

"""Oscar's admin refers to the shop's users."""

from __future__ import annotations

from django.contrib import admin
from oscar.core.compat import get_user_model


@admin.register(get_user_model())
class MemberAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """List the users."""

    search_fields = ("email",)

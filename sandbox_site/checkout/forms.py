"""Form for guests and users that works without scripts and is named in full."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.apps.checkout import forms


class GatewayForm(forms.GatewayForm):
    """Leave out the ``required`` attribute of the password, which Oscar's script removes for guests.

    Oscar's template shows the password without a label, so the field has a name of its own.
    """

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the password's field."""
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["aria-label"] = _("Password")

"""The guest's e-mail form, usable where scripts are off."""

from __future__ import annotations

from oscar.apps.checkout import forms


class GatewayForm(forms.GatewayForm):
    """Oscar marks the password as required in HTML and counts on its script to lift that for guests."""

    use_required_attribute = False

"""Form for guests and users that works without scripts."""

from __future__ import annotations

from oscar.apps.checkout import forms


class GatewayForm(forms.GatewayForm):
    """Leave out the ``required`` attribute of the password, which Oscar's script removes for guests."""

    use_required_attribute = False

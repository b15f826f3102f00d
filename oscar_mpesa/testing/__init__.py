"""Test tools for shops and integrators: Safaricom's replies by script, without a network."""

from oscar_mpesa.testing.deliveries import deliver_due
from oscar_mpesa.testing.transport import ScriptedTransport

__all__ = ["ScriptedTransport", "deliver_due"]

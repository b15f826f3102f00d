"""For the tests of shops and integrators: Safaricom's side by script, without a network."""

from oscar_mpesa.testing.transport import ScriptedTransport

__all__ = ["ScriptedTransport"]

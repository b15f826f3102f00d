"""Staff for the tests of the reports."""

from tests.services.conftest import staff

__all__ = ["staff"]

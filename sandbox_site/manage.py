#!/usr/bin/env python
"""Run a Django command on the demo shop: ``python sandbox_site/manage.py`` or ``python -m sandbox_site.manage``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run Django's command line from any directory."""
    # Python adds a script's directory to the path. There, `checkout` and `shipping` would shadow real packages.
    sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

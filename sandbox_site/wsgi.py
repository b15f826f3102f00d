"""The demo shop for a WSGI server: ``gunicorn sandbox_site.wsgi``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox_site.settings")

application = get_wsgi_application()

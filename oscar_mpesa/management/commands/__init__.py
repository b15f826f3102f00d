"""The commands: ``manage.py mpesa_…``."""

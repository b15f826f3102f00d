"""The ``manage.py mpesa_…`` commands."""

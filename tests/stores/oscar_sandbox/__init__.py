"""The sandbox of django-oscar, with its search, its middleware and its languages."""

"""Dates and times as Kenya writes them; Django finds the modules by ``FORMAT_MODULE_PATH``."""

"""Payments: the list, one payment and its actions, the export, the panel on Oscar's order page."""

"""Receipts: the list, one receipt and its decisions, the record form, the export."""

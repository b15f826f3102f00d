"""The list of blocked phones."""

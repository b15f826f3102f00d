"""The demo shop's commands."""

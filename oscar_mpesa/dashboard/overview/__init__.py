"""The overview: alerts and statistics."""

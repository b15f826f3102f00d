"""Template filters of the demo shop."""

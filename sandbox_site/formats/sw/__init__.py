"""In Swahili."""

"""A new shop as Oscar's documentation sets it up, with Oscar's own checkout."""

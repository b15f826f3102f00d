"""What the demo shop adds to the template language."""

"""A shop in four languages, with all its pages below the prefix of a language."""

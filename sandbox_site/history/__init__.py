"""A year of trade that nobody made, so that the desk has something to show and to be measured by."""

"""The callbacks that the shop received."""

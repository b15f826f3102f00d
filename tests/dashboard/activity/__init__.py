"""Tests of the activity page."""

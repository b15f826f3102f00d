"""Simulate Daraja: as pure functions for the test mode, and as an HTTP server for tests."""

"""Decide who may see and do what, and read a request's client address. Changes no payments."""

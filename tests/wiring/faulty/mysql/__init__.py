"""A database engine with the name of MySQL's, so that the check of its isolation level needs no server."""

"""The shop ``duka`` on the database server of ``TEST_DATABASE_URL``, with a transaction around each request."""

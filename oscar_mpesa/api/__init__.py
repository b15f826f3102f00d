"""The door for clients that are no browser on the shop's pages: JSON in, JSON out. Described in docs/openapi.json."""

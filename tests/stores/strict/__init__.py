"""A shop in production: static files by their manifest, and a policy that forbids what pages bring along."""

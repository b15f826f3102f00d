"""A shop for members only: users have a UUID as their key, sign in by email, and guests cannot order."""

"""What Safaricom would answer and post, as a pure function; over HTTP for others."""

"""How a trail is verified: pure functions over the lines of an export, without Django or a database."""

"""A room that watches links."""

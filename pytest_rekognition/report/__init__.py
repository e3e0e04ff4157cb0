"""Wording: what users read, apart from the logic that decides when they read it."""

"""Cassettes: recorded calls and their answers, in vcrpy's format."""

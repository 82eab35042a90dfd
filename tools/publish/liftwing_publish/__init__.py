"""Publish images, each with a list of what it contains."""

"""Tandem: follow a documentation page as a reader would, and say where it is wrong."""

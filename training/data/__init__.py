"""Drawings with their names and licences, from Debian's packages."""

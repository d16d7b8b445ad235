"""Planners turn an instruction into a program. They do not look at pictures."""

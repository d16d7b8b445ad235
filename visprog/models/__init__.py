"""The roles that tools ask for, and the backends that fill them."""

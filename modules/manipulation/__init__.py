"""Image manipulation: tools that make a new picture from one."""

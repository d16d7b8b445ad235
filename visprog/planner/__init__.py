"""From an instruction to a program. No picture is looked at on the way."""

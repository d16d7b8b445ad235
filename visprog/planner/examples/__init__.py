"""The embedded planner: aligns an instruction with the examples of a bank. No model, no weights."""

"""The planner of declared patterns: plain text files say which words lead to which program."""

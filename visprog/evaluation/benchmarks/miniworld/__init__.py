"""The data set of drawn scenes: `benchmark.MINIWORLD`."""

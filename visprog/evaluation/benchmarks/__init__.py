"""The data sets. Each exports one `visprog.evaluation.benchmark.Benchmark`."""

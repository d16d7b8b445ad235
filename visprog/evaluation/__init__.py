"""Evaluation: measures modules, programs and planners on data sets, and finds the causes of failures.

A data set is a `Benchmark` record (`benchmark`); `benchmarks` has one file or folder for each. `runner`
evaluates models on it and returns a `Report`; `tables` and `page` show the report.
"""

"""Measuring on the miniature world: modules, programs, planners, and where failures come from.

Read from the ground up: `intervals` are estimates with their uncertainty, `overlaps` and `score` what is
compared, `edits` and `scoring` say what is right, `trials` try one task and `blame` its failure, `perception`
and `baselines` measure without programs, `measuring` makes a `report`, `tables` and `page` show it.
"""

"""The miniature world: pictures drawn from emoji, the truth about them, and tasks with reference programs.

Read in this order: `catalogue` lists the things and stuff, `scene` arranges them, `drawing` draws them,
`tasks` generates instructions about them, and `oracle` answers from the truth. `visprog.evaluation` uses the
tasks as a data set, and `training` trains models on the pictures.
"""

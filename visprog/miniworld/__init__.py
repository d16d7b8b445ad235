"""A miniature world: pictures drawn from emoji, everything that is true of them, and models trained on them.

Read in this order: `catalogue` lists what there is, `scene` arranges it, `drawing` draws it, `tasks` asks
questions about it, and `evaluation` measures. The package `training` of the repository trains the models.
"""

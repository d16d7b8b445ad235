"""A miniature world: pictures drawn from emoji, everything that is true of them, and models trained on them.

Read from the ground up: `catalogue` says what there is, `scene` where it stands, `drawing` draws it;
`tasks` asks questions of it, `training` makes the models of the profile `mini`, `evaluation` measures.
"""

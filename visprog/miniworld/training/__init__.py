"""Training of the models of the profile `mini`: `python -m visprog.miniworld.training` trains them all."""

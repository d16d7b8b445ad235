"""Knowledge retrieval: tools that ask a language model what it knows."""

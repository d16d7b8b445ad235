"""Which planner is meant by a name."""

from __future__ import annotations

from visprog.errors import UsageError
from visprog.models import openai
from visprog.planner.plan import Planner

PLANNERS = ("auto", "examples", "openai", "openai:MODEL")
"""What `choose_planner` understands."""


def choose_planner(name: str) -> Planner:
    """Return the planner of this name; `auto` is openai where a key or an address is set, else examples.

    Raises UsageError for another name, and ModelUnavailable where openai has neither key nor address.
    """
    if name == "auto":
        name = "openai" if openai.is_configured() else "examples"
    if name == "examples":
        from visprog.planner.examples.planner import ExamplesPlanner

        return ExamplesPlanner()
    kind, _, model = name.partition(":")
    if kind == "openai":
        from visprog.planner.language_model import LanguageModelPlanner

        language_model = openai.OpenAILanguageModel(model or None)
        return LanguageModelPlanner(language_model, f"openai:{language_model.model}")
    raise UsageError(f"there is no planner `{name}`", help=f"choose one of {', '.join(PLANNERS)}")

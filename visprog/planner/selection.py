"""Chooses a planner by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from visprog.errors import UsageError
from visprog.models.backend import find_backend
from visprog.models.roles import LanguageModel
from visprog.models.zoo import Zoo
from visprog.planner.plan import Planner

if TYPE_CHECKING:
    from visprog.models.backends.openai.language import OpenAILanguageModel

PLANNERS = ("auto", "examples", "patterns", "openai", "openai:MODEL", "transformers:MODEL")
"""The names that `choose_planner` accepts."""

_VOTE_TEMPERATURE = 0.7
"""The sampling temperature of local models for programs that vote; at 0, all programs are the same."""


def check_planner_name(name: str, others: tuple[str, ...] = ()) -> None:
    """Raise UsageError unless `choose_planner` accepts this name, or it is one of the `others`.

    No model is loaded.
    """
    kind, _, model = name.partition(":")
    known = (*others, "auto", "examples", "patterns", "openai")
    if name not in known and (kind not in ("openai", "transformers") or not model):
        choice = ", ".join((*others, *PLANNERS))
        raise UsageError(f"unknown planner `{name}`", help=f"choose one of {choice}")


def choose_planner(name: str, models: Zoo | None = None) -> Planner:
    """Return the planner with this name.

    `auto` is openai if an API key or address is set, and the profile's planner otherwise. `openai` uses the
    language model of `models`, with its options, if that model has the backend openai. `openai:MODEL` uses
    the same options with another model. `transformers:MODEL` shares the language model of `models` if it is
    the same model.

    Raises UsageError for an unknown name, and ModelUnavailable if openai has no key and no address, or if the
    weights of the local model are missing.
    """
    check_planner_name(name)
    if name == "auto":
        configured = find_backend("openai").is_configured(_api_options(models))
        name = "openai" if configured else _profile_planner(models)
    if name == "examples":
        from visprog.planner.examples.planner import ExamplesPlanner

        return ExamplesPlanner()
    if name == "patterns":
        from visprog.planner.patterns.planner import PatternsPlanner

        return PatternsPlanner()
    from visprog.planner.language_model import LanguageModelPlanner

    kind, _, model = name.partition(":")
    if kind == "transformers":
        return LanguageModelPlanner(_shared_model(name, models), name, vote_temperature=_VOTE_TEMPERATURE)
    language_model = _api_model(model, models)
    return LanguageModelPlanner(language_model, f"openai:{language_model.model}", is_remote=True)


def _api_options(models: Zoo | None) -> Mapping[str, Any]:
    """Return the options of the profile's language model if its backend is openai."""
    spec = models.spec("language_model") if models is not None else None
    return spec.options if spec is not None and spec.backend == "openai" else {}


def _api_model(name: str, models: Zoo | None) -> OpenAILanguageModel:
    """Return the openai model with this name, or the profile's, with the profile's options."""
    spec = models.spec("language_model") if models is not None else None
    if models is not None and spec is not None and spec.backend == "openai" and name in ("", spec.identifier):
        return models.get("language_model")  # type: ignore[return-value]  # the backend's models for the role
    model: OpenAILanguageModel = find_backend("openai").load("language_model", name, _api_options(models))
    return model


def _profile_planner(models: Zoo | None) -> str:
    if models is None:
        return "examples"
    check_planner_name(models.profile.planner)
    return models.profile.planner


def _shared_model(name: str, models: Zoo | None) -> LanguageModel:
    shared = models is not None and str(models.spec("language_model")) == name
    zoo = models if models is not None and shared else Zoo(models={"language_model": name})
    return zoo.get("language_model")  # type: ignore[return-value]  # the zoo answers for the role

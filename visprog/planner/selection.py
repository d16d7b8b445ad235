"""Which planner is meant by a name."""

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

PLANNERS = ("auto", "examples", "openai", "openai:MODEL", "transformers:MODEL")
"""What `choose_planner` understands."""

_VARIETY = 0.7
"""At which temperature a local model writes programs that are to vote; without one they are all the same."""


def check_planner_name(name: str, others: tuple[str, ...] = ()) -> None:
    """Raise UsageError unless `choose_planner` knows a planner of this name, or it is one of the `others`.

    Nothing is loaded.
    """
    kind, _, model = name.partition(":")
    known = (*others, "auto", "examples", "openai")
    if name not in known and (kind not in ("openai", "transformers") or not model):
        choice = ", ".join((*others, *PLANNERS))
        raise UsageError(f"there is no planner `{name}`", help=f"choose one of {choice}")


def choose_planner(name: str, models: Zoo | None = None) -> Planner:
    """Return the planner of this name; `auto` is openai if a key or an address is set, else the profile's.

    `openai` asks the language model of `models`, with all of its options, if that is one behind an API;
    `openai:MODEL` keeps the options and asks another model. `transformers:MODEL` shares the language model of
    `models` if it is the same. Raises UsageError for another name, and ModelUnavailable if openai has neither
    key nor address, or the local model's weights are missing.
    """
    check_planner_name(name)
    if name == "auto":
        name = "openai" if find_backend("openai").is_configured(_api_options(models)) else _own(models)
    if name == "examples":
        from visprog.planner.examples.planner import ExamplesPlanner

        return ExamplesPlanner()
    from visprog.planner.language_model import LanguageModelPlanner

    kind, _, model = name.partition(":")
    if kind == "transformers":
        return LanguageModelPlanner(_shared_model(name, models), name, variety=_VARIETY)
    language_model = _api_model(model, models)
    return LanguageModelPlanner(language_model, f"openai:{language_model.model}", is_remote=True)


def _api_options(models: Zoo | None) -> Mapping[str, Any]:
    """Return the options of the profile's language model if it is behind an API."""
    spec = models.spec("language_model") if models is not None else None
    return spec.options if spec is not None and spec.backend == "openai" else {}


def _api_model(name: str, models: Zoo | None) -> OpenAILanguageModel:
    """Return the model of this name behind an API, or the profile's; with the profile's options."""
    spec = models.spec("language_model") if models is not None else None
    if models is not None and spec is not None and spec.backend == "openai" and name in ("", spec.identifier):
        return models.get("language_model")  # type: ignore[return-value]  # the backend's models for the role
    return find_backend("openai").load("language_model", name, _api_options(models))  # type: ignore[return-value]


def _own(models: Zoo | None) -> str:
    """Return the planner of a profile."""
    if models is None:
        return "examples"
    check_planner_name(models.profile.planner)
    return models.profile.planner


def _shared_model(name: str, models: Zoo | None) -> LanguageModel:
    shared = models is not None and str(models.spec("language_model")) == name
    zoo = models if models is not None and shared else Zoo(models={"language_model": name})
    return zoo.get("language_model")  # type: ignore[return-value]  # the zoo answers for the role

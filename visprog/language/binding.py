"""Match the arguments of a call to the parameters of its tool."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from visprog.language import advice, diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import Argument, Call, Literal
from visprog.language.types import Parameter, Signature


@dataclass(slots=True)
class Bound:
    """The arguments of a call by parameter, those that fit no parameter, and what was found."""

    given: dict[str, Argument] = field(default_factory=dict)
    skipped: list[Argument] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)


def bind_arguments(call: Call, signature: Signature) -> Bound:
    """Match each argument to a parameter: by position, by name or alias, or by a similar spelling."""
    bound = Bound()
    misspelled: set[str | None] = set()
    for position, argument in enumerate(call.arguments):
        parameter = _parameter(argument, position, signature, bound, misspelled)
        if parameter is None:
            bound.skipped.append(argument)
        elif parameter.name in bound.given:
            message = f"`{parameter.name}` is given twice"
            bound.found.append(
                diagnostics.error("repeated-argument", message, argument.span, "remove one of them")
            )
            bound.skipped.append(argument)
        else:
            bound.given[parameter.name] = argument
    for parameter in signature.parameters:
        if parameter.required and parameter.name not in bound.given and parameter.name not in misspelled:
            expected = f"`{parameter.name}` ({advice.describe_parameter(parameter)})"
            message = f"{signature.name} needs the argument {expected}"
            bound.found.append(
                diagnostics.error("missing-argument", message, call.span, f"expected {signature}")
            )
    return bound


def _parameter(
    argument: Argument, position: int, signature: Signature, bound: Bound, misspelled: set[str | None]
) -> Parameter | None:
    if argument.name is not None:
        named = _named(argument, signature, bound)
        if named is None:
            misspelled.add(_report_unknown(argument, signature, bound))
        return named
    if position < len(signature.parameters):
        return signature.parameters[position]
    taken = advice.counted(len(signature.parameters), "argument")
    message = f"{signature.name} takes at most {taken}"
    bound.found.append(
        diagnostics.error("too-many-arguments", message, argument.span, f"expected {signature}")
    )
    return None


def _named(argument: Argument, signature: Signature, bound: Bound) -> Parameter | None:
    name = argument.name or ""
    if (exact := signature.parameter(name)) is not None:
        return exact
    span = replace(argument.span, end=argument.span.column + len(name))
    folded = name.replace("_", "").casefold()
    for parameter in signature.parameters:
        for spelling in (parameter.name, *parameter.aliases):
            if spelling.replace("_", "").casefold() == folded:
                message = f"the argument is spelled `{spelling}`, not `{name}`"
                mended = f"{spelling}={argument.value}"
                bound.found.append(diagnostics.warning("mended", message, span, mended=mended))
                return parameter
    return None


def _report_unknown(argument: Argument, signature: Signature, bound: Bound) -> str | None:
    """Report an argument that the tool does not have; return the most similar name."""
    name = argument.name or ""
    span = replace(argument.span, end=argument.span.column + len(name))
    likely = advice.closest_match(name, (p.name for p in signature.parameters))
    taken = ", ".join(f"`{p.name}`" for p in signature.parameters) or "none"
    help = f"did you mean `{likely}`?" if likely else f"its arguments are {taken}"  # noqa: A001
    message = f"{signature.name} has no argument `{name}`"
    bound.found.append(diagnostics.error("unknown-argument", message, span, help))
    return likely


def chosen_word(argument: Argument, parameter: Parameter) -> tuple[Literal | None, Diagnostic | None]:
    """Return the word that an argument chooses, and an error or a correction.

    Case, spaces, hyphens and underscores are ignored. A synonym is replaced by its word.
    """
    value = argument.value
    words = ", ".join(f"'{word}'" for word in parameter.words)
    if not isinstance(value, Literal) or not isinstance(value.value, str):
        message = (
            f"`{parameter.name}` must be one of its words in quotes, found {advice.describe_written(value)}"
        )
        return None, diagnostics.error("wrong-type", message, value.span, f"the words are {words}")
    known = {_folded(word): word for word in parameter.words}
    meant = {_folded(word): known[_folded(means)] for word, means in parameter.synonyms.items()}
    folded = _folded(value.value)
    word = known.get(folded) or meant.get(folded)
    if word is None:
        likely = advice.closest_match(value.value, (*parameter.words, *parameter.synonyms))
        likely = parameter.synonyms.get(likely or "", likely)
        listed = f"did you mean '{likely}'? the words are {words}" if likely else f"the words are {words}"
        advised = parameter.hints.get(value.value.strip().casefold(), listed)
        message = f"`{parameter.name}` has no word {value}"
        return None, diagnostics.error("wrong-word", message, value.span, advised)
    if word == value.value:
        return value, None
    message = f"the word is '{word}', not {value}"
    mended = f"{argument.name or parameter.name}='{word}'"
    return replace(value, value=word), diagnostics.warning("mended", message, value.span, mended=mended)


def _folded(word: str) -> str:
    return "".join(word.casefold().replace("_", " ").replace("-", " ").split())

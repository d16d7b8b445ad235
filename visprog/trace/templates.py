"""Templates of self-contained pages: they escape every value, and hashes allow their styles and scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

from visprog.printable import printable
from visprog.trace.number_format import duration

_SHORT = 200
"""Characters of texts that may be kept with their escaped forms."""


def source(package: str, name: str) -> str:
    """Return the text of a file in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def minified(text: str) -> str:
    """Return a style or script without comments and spaces. Every statement in it must end in `;` or `}`."""
    return re.sub(r"\s*([{};,>])\s*|(?<=:)\s+", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def environment(package: str) -> Environment:
    """Return the template environment of a package. It escapes values and has a filter `duration`."""
    made = _Environment(
        loader=FunctionLoader(lambda name: source(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["duration"] = duration
    return made


def policy_hash(text: str) -> str:
    """Return the source that allows this style or script in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _finalize(value: object) -> str:
    """Return a value as HTML: escaped, and with escapes for characters that change how others are read."""
    if type(value) is str:
        return _escaped_short(value) if len(value) < _SHORT else escape(printable(value))
    if isinstance(value, Markup):
        return value
    return str(value) if type(value) is int else escape(value)


@lru_cache(maxsize=4_096)
def _escaped_short(text: str) -> str:
    return escape(printable(text))


class _Generator(CodeGenerator):
    """Compiles templates to faster code.

    `finalize` alone escapes a value, attributes are Python's own, and macros are called as Python functions.
    A template must not write `value.key` for an item of a mapping, or call a macro with named arguments.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._macros: dict[str, int] = {}

    def _output_child_pre(self, node: nodes.Expr, _: Frame, finalize: Any) -> None:
        self.write("(" if self._is_html(node) else finalize.src)

    def _output_child_post(self, *_: Any) -> None:
        self.write(")")

    def _is_html(self, node: nodes.Expr) -> bool:
        """Return whether an expression needs no escaping: a macro, or a choice between harmless texts."""
        match node:
            case nodes.CondExpr(expr1=chosen, expr2=other):
                return _is_harmless(chosen) and (other is None or _is_harmless(other))
        return self._called_macro(node) is not None

    def _called_macro(self, node: nodes.Node) -> str | None:
        match node:
            case nodes.Call(node=nodes.Name(name=name), kwargs=[], dyn_args=None, dyn_kwargs=None):
                return name if name in self._macros else None
        return None

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write("(")
        self.visit(node.node, frame)
        self.write(f").{node.attr}")

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        super().visit_CondExpr(nodes.CondExpr(node.test, node.expr1, node.expr2 or nodes.Const("")), frame)

    def visit_Macro(self, node: nodes.Macro, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._macros[node.name] = len(node.args)
        super().visit_Macro(node, frame)
        self.writeline(f"macro_{node.name} = macro")

    def visit_Call(  # noqa: N802 - Jinja's name
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        name = self._called_macro(node)
        if name is None or forward_caller:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write(f"Markup(macro_{name}(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write("missing, " * (self._macros[name] - len(node.args)) + "))")


def _is_harmless(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str) and escape(node.value) == node.value


class _Environment(Environment):
    code_generator_class = _Generator

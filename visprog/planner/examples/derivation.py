"""Deriving a template from an example: which words of its instruction its program quotes, and where.

Nothing is annotated by hand. What the program quotes is found in the instruction and becomes a slot: the
strings of its arguments, what its questions and expressions say, its numbers, its spatial tools (Crop...),
its pictures (LEFT, RIGHT). All other words of the instruction are fixed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from visprog.language.program import Argument, Call, ListValue, Literal, Value
from visprog.nouns import singular
from visprog.planner.bank import Bank, Example
from visprog.planner.examples import vocabulary, word_classes
from visprog.planner.examples.phrases import head, is_proper, is_role, with_head
from visprog.planner.examples.rewording import reworded
from visprog.planner.examples.slots import GrammaticalNumber, Kind, Slot, read_slot
from visprog.planner.examples.template import Template, Use
from visprog.planner.examples.wording import Token, read_words, written

_STRING_KINDS: dict[tuple[str, str], Kind] = {
    ("Loc", "object"): "noun",
    ("Select", "query"): "list",
    ("Select", "category"): "noun",
    ("Filter", "query"): "noun",
    ("Replace", "prompt"): "text",
    ("List", "query"): "knowledge",
    ("Classify", "categories"): "list",
    ("Emoji", "emoji"): "emoji",
}
_WHAT_ELSE = re.compile(r"(?:What|Who) (?:is|are) in the image\?|What \w+ is this\?")
_COMPARISON = re.compile(r"(==|>=|<=|<|>)\s*(\d+)")
_QUOTED = re.compile(r"'([^'\\{}]*)'")


def derive(bank: Bank) -> tuple[Template, ...]:
    """Return the templates of each example: as it is worded, and as it may be worded as well.

    Their slots leave alone what is a fixed word in an example, or a fixed phrase in any wording.
    """
    own = [_Derivation(example, bank.task).template() for example in bank.examples]
    templates = [each for template in own for each in reworded(template)]
    phrases = {word for template in templates for word in template.fixed if "-" in word}
    fixed = frozenset(phrases).union(*(template.fixed for template in own))
    return tuple(
        replace(template, slots=tuple(replace(slot, fixed=fixed) for slot in template.slots))
        for template in templates
    )


@dataclass
class _Claim:
    """Words of the instruction, from `start` to before `end`, that the program quotes."""

    start: int
    end: int
    kinds: list[Kind]
    head_used: bool = False
    choice: bool = False


@dataclass
class _Derivation:
    example: Example
    task: str
    tokens: tuple[Token, ...] = ()
    claims: list[_Claim] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = read_words(self.example.instruction, self.task)

    def template(self) -> Template:
        calls = [
            (number, step.value)
            for number, step in enumerate(self.example.program)
            if isinstance(step.value, Call)
        ]
        self._claim_strings(calls)
        for number, call in calls:
            self._claim_tool(number, call)
            for position, argument in enumerate(call.arguments):
                self._claim_value(number, position, call.tool, argument)
        sides = [i for i, token in enumerate(self.tokens) if token.kind == "side" and self._free(i, i + 1)]
        side_claims = tuple((self._claim(i, i + 1, "side"), str(self.tokens[i].value)) for i in sides)
        return self._finished(side_claims)

    def _finished(self, sides: tuple[tuple[int, str], ...]) -> Template:
        begins = {claim.start: number for number, claim in enumerate(self.claims)}
        items: list[Token | int] = []
        position = 0
        while position < len(self.tokens):
            slot = begins.get(position)
            items.append(self.tokens[position] if slot is None else slot)
            position = position + 1 if slot is None else self.claims[slot].end
        slots = tuple(map(self._slot, self.claims))
        return Template(self.example, self.task, tuple(items), slots, tuple(self.uses), sides)

    def _slot(self, claim: _Claim) -> Slot:
        kind = next(k for k in (*_KIND_ORDER, *claim.kinds) if k in claim.kinds)
        phrase = self._phrase(claim)
        listed = "List" in self._tools
        if kind == "list" and claim.head_used:
            kind = "noun"
        if kind == "knowledge" and "Classify" not in self._tools:
            kind = "sorts"
        tags = self.task == "knowtag"
        kinds = [each for other in self.claims for each in other.kinds]
        return Slot(
            kind,
            self.task,
            role=is_role(phrase) if listed and kind in ("noun", "knowledge") else None,
            proper=is_proper(phrase) if tags and kind in ("noun", "list") else None,
            modified=claim.head_used and kind == "noun",
            beside_text="text" in kinds,
            choice=claim.choice,
            person="FaceDet" in self._tools and not listed and not self._tools & {"Seg", "Loc"},
            number=self._number(phrase, claim.head_used) if kind in ("noun", "list") else "",
            label=tags and not self._tools & {"List", "Classify", "FaceDet"},
            named=claim.head_used and kind == "knowledge",
            generic=self.task == "imgedit" and {"Loc", "Mask"} <= self._tools and "Filter" not in self._tools,
            trait=kind == "phrase" and phrase in word_classes.TRAITS and "relation" not in kinds,
            each=listed and len(self.claims) == 1 and self.tokens[claim.start - 1].key in ("each", "every"),
            direction=any(map(_WHAT_ELSE.fullmatch, self._questions())),
        )

    def _number(self, phrase: str, described: bool) -> GrammaticalNumber:
        """Say whether what fills a noun's slot is counted or all of a kind, or the only one.

        Of what is not labelled as it is called, Select picks one, and Filter all.
        """
        counts = self.tokens[0].key.startswith("how-many") or "more" in _keys(self.tokens)
        if (self.task == "gqa" and counts) or (described and "Filter" in self._tools):
            return "plural" if singular(head(phrase)) != head(phrase) else ""
        chosen = "Select" in self._tools and (described or "FaceDet" in self._tools)
        return "singular" if chosen or (self.task == "imgedit" and "Crop" in self._tools) else ""

    @property
    def _tools(self) -> set[str]:
        return {step.value.tool for step in self.example.program if isinstance(step.value, Call)}

    def _questions(self) -> list[str]:
        calls = [s.value for s in self.example.program if isinstance(s.value, Call) and s.value.tool == "Vqa"]
        return [text for call in calls for argument in call.arguments for text in _strings(argument.value)]

    # What the program quotes

    def _claim_strings(self, calls: Sequence[tuple[int, Call]]) -> None:
        """Claim what arguments quote in full, the longest first: a shorter one inside may be its head."""
        found = []
        for number, call in calls:
            for position, argument in enumerate(call.arguments):
                kind = _STRING_KINDS.get((call.tool, argument.name or ""))
                members = _strings(argument.value)
                if kind is None or not members:
                    continue
                found.append((number, position, kind, members, isinstance(argument.value, ListValue)))
        spans = [self._span(members, kind) for _, _, kind, members, _ in found]
        for index in sorted(range(len(found)), key=lambda i: -_length(spans[i])):
            self._claim_string(*found[index], spans[index])

    def _claim_string(
        self,
        step: int,
        position: int,
        kind: Kind,
        members: list[str],
        as_list: bool,
        span: tuple[int, int] | None,
    ) -> None:
        if kind == "noun" and members[0] in vocabulary.HALVES:
            self._claim_token(step, position, "half", members[0])
            return
        if span is None:
            self._claim_parts(step, position, members[0], listed=kind == "knowledge")
            return
        form = (
            "items" if as_list else "joined" if kind == "list" else "singular" if kind == "noun" else "text"
        )
        if as_list and all(map(is_proper, members)):
            kind = "names"
        slot = self._claimed(span)
        if slot is None and self._free(*span):
            slot = self._claim(*span, kind)
            self.claims[slot].choice = any(token.key == "or" for token in self.tokens[slice(*span)])
        if slot is not None:
            self.claims[slot].kinds.append(kind)
            self.uses.append(Use(step, position, slot, form))
            return
        for number, claim in enumerate(self.claims):
            inside = claim.start <= span[0] and span[1] <= claim.end
            if inside and singular(head(self._phrase(claim))) == members[0]:
                claim.head_used = True
                self.uses.append(Use(step, position, number, "head"))

    def _claim_tool(self, step: int, call: Call) -> None:
        for position, token in enumerate(self.tokens):
            if token.kind == "relation" and token.value == call.tool and self._free(position, position + 1):
                self.uses.append(Use(step, -1, self._claim(position, position + 1, "relation"), "tool"))
                return

    def _claim_value(self, step: int, position: int, tool: str, argument: Argument) -> None:
        value = argument.value
        if not isinstance(value, Literal) or isinstance(value.value, bool):
            return
        if isinstance(value.value, int):
            self._claim_number(step, position, value.value)
        elif tool == "Vqa" and argument.name == "question" and isinstance(value.value, str):
            self._claim_question(step, position, value.value)
        elif tool == "Eval" and isinstance(value.value, str):
            self._claim_expression(step, position, value.value)

    def _claim_number(self, step: int, position: int, count: int) -> None:
        for index, token in enumerate(self.tokens):
            if token.value == ("==", count) and self._free(index, index + 1):
                self.uses.append(Use(step, position, self._claim(index, index + 1, "number"), "number"))
                return

    def _claim_expression(self, step: int, position: int, source: str) -> None:
        for match in _COMPARISON.finditer(source):
            wanted = match[1], int(match[2])
            places = [i for i, token in enumerate(self.tokens) if token.value == wanted]
            free = [i for i in places if self._free(i, i + 1)]
            if not places:
                continue
            start = free[0] if free else places[-1]
            slot = self._claim(start, start + 1, "comparison") if free else self._claimed((start, start + 1))
            if slot is not None:
                self.uses.append(Use(step, position, slot, "comparison", match.start(), match.end()))
        for match in _QUOTED.finditer(source):
            for index, token in enumerate(self.tokens):
                if match[1] in word_classes.COLORS and token.key == match[1] and self._free(index, index + 1):
                    self._claim(index, index + 1, "color")
            span = self._span([match[1]], "noun") if match[1] else None
            slot = self._claimed(span) if span else None
            if slot is not None:
                self.uses.append(Use(step, position, slot, "quoted", match.start(1), match.end(1)))

    def _claim_question(self, step: int, position: int, question: str) -> None:
        quoted = read_words(question, self.task, whole=False)
        if not self.claims and _keys(read_words(question, self.task)) == _keys(self.tokens):
            slot = self._claim(0, len(self.tokens), "question")
            self.uses.append(Use(step, position, slot, "text"))
            return
        self._claim_parts(step, position, question)
        verbs = [i for i, token in enumerate(self.tokens) if token.key == "be"]
        if "how-many" in _keys(read_words(question, "gqa")):
            return  # the verb goes with the plural there, not with the instruction's
        for token in quoted:
            if token.key == "be" and len(verbs) == 1 and token.text.casefold() == self.tokens[verbs[0]].text:
                self._use_verb(step, position, token, verbs[0])
        if quoted and quoted[0].key == "be" and verbs == [0] and quoted[0].text == self.tokens[0].text:
            self._use_verb(step, position, quoted[0], 0)

    def _use_verb(self, step: int, position: int, token: Token, verb: int) -> None:
        slot = self._claimed((verb, verb + 1))
        if slot is None and self._free(verb, verb + 1):
            slot = self._claim(verb, verb + 1, "verb")
        if slot is not None:
            self.uses.append(Use(step, position, slot, "verb", token.start, token.end))

    def _claim_parts(self, step: int, position: int, literal: str, *, listed: bool = False) -> None:
        """Claim the runs of words that a longer string shares with the instruction.

        What is `listed` is listed in the plural, also where the instruction has the singular.
        """
        quoted = read_words(literal, self.task, whole=False)
        start = 0
        while start < len(quoted):
            run = self._run(quoted, start) if _has_content(quoted[start]) else None
            if run is None:
                start += 1
                continue
            span, length = run
            first, last = quoted[start], quoted[start + length - 1]
            form, begin = _form_within(literal, first.start)
            slot = self._claimed(span)
            if slot is None:
                slot = self._claim(*span, "phrase" if form == "text" else "noun")
            if listed and not start:
                form = "plural"
            elif form == "text" and self._is_singular(written(literal, quoted[start : start + length]), slot):
                form = "singular"
            self.uses.append(Use(step, position, slot, form, begin, last.end))
            start += length

    def _is_singular(self, phrase: str, slot: int) -> bool:
        """Return whether a phrase of the program is the singular of a noun that the instruction counts."""
        claim = self.claims[slot]
        own = self._phrase(claim)
        return "noun" in claim.kinds and phrase != own and phrase == with_head(own, singular)

    def _run(self, quoted: tuple[Token, ...], start: int) -> tuple[tuple[int, int], int] | None:
        """Find the longest run of `quoted` from `start` on that the instruction has too, free or claimed."""
        for length in range(len(quoted) - start, 0, -1):
            piece = quoted[start : start + length]
            if not _has_content(piece[-1]) or any(_breaks(token) for token in piece):
                continue
            span = self._find(piece)
            if span is not None and (self._claimed(span) is not None or self._free(*span)):
                return span, length
        return None

    # Where it stands in the instruction

    def _span(self, members: list[str], kind: Kind) -> tuple[int, int] | None:
        """Return the words that say the string, or the list whose members are the strings."""
        if kind == "emoji":
            return self._emoji(members[0])
        if kind == "list" and len(members) == 1:
            members = members[0].split(", ")
        spans = [self._find(read_words(member, self.task, whole=False)) for member in members]
        if any(span is None for span in spans):
            return None
        found = [span for span in spans if span is not None]
        return found[0][0], found[-1][1]

    def _emoji(self, name: str) -> tuple[int, int] | None:
        slot = Slot("emoji", self.task)
        text = self.example.instruction
        for start in range(len(self.tokens)):
            for end in range(start + 6, start, -1):
                filling = (
                    read_slot(slot, self.tokens[start:end], None, text) if end <= len(self.tokens) else None
                )
                if filling is not None and filling.items[0] == name and self._free(start, end):
                    return start, end
        return None

    def _find(self, wanted: tuple[Token, ...]) -> tuple[int, int] | None:
        keys = _keys(wanted)
        found = None
        for start in range(len(self.tokens)):
            position, matched = start, 0
            while position < len(self.tokens) and matched < len(keys):
                token = self.tokens[position]
                if token.kind == "determiner" and matched:
                    position += 1
                elif token.key == keys[matched]:
                    position, matched = position + 1, matched + 1
                else:
                    break
            if keys and matched == len(keys):
                if self._free(start, position) or self._claimed((start, position)) is not None:
                    return start, position
                found = found or (start, position)
        return found

    def _claim_token(self, step: int, position: int, kind: Kind, value: str) -> None:
        for index, token in enumerate(self.tokens):
            if token.kind == kind and token.value == value and self._free(index, index + 1):
                self.uses.append(Use(step, position, self._claim(index, index + 1, kind), "value"))
                return

    def _claim(self, start: int, end: int, kind: Kind) -> int:
        self.claims.append(_Claim(start, end, [kind]))
        return len(self.claims) - 1

    def _claimed(self, span: tuple[int, int]) -> int | None:
        return next((n for n, claim in enumerate(self.claims) if (claim.start, claim.end) == span), None)

    def _free(self, start: int, end: int) -> bool:
        return all(end <= claim.start or claim.end <= start for claim in self.claims)

    def _phrase(self, claim: _Claim) -> str:
        return written(self.example.instruction, self.tokens[claim.start : claim.end])


_KIND_ORDER: tuple[Kind, ...] = ("question", "knowledge", "names", "text", "noun", "list")


def _strings(value: Value) -> list[str]:
    values = value.items if isinstance(value, ListValue) else (value,)
    literals = [each.value for each in values if isinstance(each, Literal)]
    return [each for each in literals if isinstance(each, str)]


def _length(span: tuple[int, int] | None) -> int:
    return span[1] - span[0] if span else 0


def _keys(tokens: tuple[Token, ...]) -> list[str]:
    return [token.key for token in tokens if token.kind != "determiner"]


def _breaks(token: Token) -> bool:
    function = token.key in word_classes.QUESTION_WORDS or token.key in (
        "there",
        "image",
        "images",
        "how-many",
        "is-there",
    )
    return function or token.kind not in ("word", "determiner")


def _has_content(token: Token) -> bool:
    loose = token.key in vocabulary.PREPOSITIONS or token.key in ("and", "or", "'s")
    return token.kind == "word" and not loose and not _breaks(token)


def _form_within(literal: str, start: int) -> tuple[str, int]:
    """Say how a noun is written in a longer string, and from where on: the word before it decides."""
    word = (literal[:start].split() or [""])[-1]
    if word in ("a", "an"):
        return "article", literal[:start].rstrip().rfind(word)
    return {"many": "plural", "of": "singular"}.get(word, "text"), start

r"""What a model said, without what surrounds it: thoughts, turn tokens, answer wrappers and Markdown.

Models write `<think>...</think>`, `[THINK]`, `<|channel|>analysis`, `<|im_end|>`, `\boxed{yes}` and the like
around what they were asked for. Every role reads text through this module, for local and remote models alike.

A text comes from outside, so every function takes time linear in its length, whatever it repeats: patterns
are bounded or possessive, and no text is searched again from each of its positions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060"))
_QUOTES = "\"'`“”‘’"


def clean_reply(text: str) -> str:
    """Return what the model said in its turn: no thoughts, no turn tokens, no invisible characters."""
    return without_turn_tokens(without_thoughts(without_invisible(text))).strip()


def without_invisible(text: str) -> str:
    """Remove byte order marks, zero-width spaces and word joiners. The joiners inside emoji stay."""
    return text if text.isascii() else text.translate(_INVISIBLE)


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a mark stands alone between two equal quotes: it is spoken of, not used."""
    return start > 0 and text[start - 1] in _QUOTES and text[end : end + 1] == text[start - 1]


_TAG = re.compile(
    r"(?P<bracket><[|｜]?(?![<|])|&lt;|\[(?!\[)|[◁【《＜])\s?(?P<slash>/?)(?P<name>[\w▁:.-]{1,40})"
    r"(?P<rest>\s[^<>\[\]]{0,200})?(?P<empty>/?)(?:[|｜]?>|&gt;|[\]▷】》＞])"
)
_SPOKEN_END = re.compile(
    r"^(?:here(?: i|['’])s my response:|\.\.\.done thinking\.)", re.IGNORECASE | re.MULTILINE
)
"""Words that end a thought: Granite's, and those of Ollama's command line."""
_GEMMA = re.compile(
    r"<\|channel>\s?thought|<(?:unused|ctrl)94>thought|(?P<close><channel\|>|<(?:unused|ctrl)95>)"
)
_SEPARATOR = re.compile(r"[:_.▁-]")
_THOUGHTS = frozenset(
    "think thinking thought thoughts reason reasoning reflect reflection rationale scratchpad analysis cot "
    "monologue deliberation".split()
)
_BRACKETED = frozenset({"think", "thinking", "thought", "thoughts", "reasoning"})
"""What opens a thought in square brackets, where other words may be a heading or a list's item."""
_CLOSING = frozenset({"end", "close", "stop", "suffix"})


_Mark = tuple[int, int, bool]
"""Where the mark of a thought starts and ends, and whether it opens the thought."""


def without_thoughts(text: str) -> str:
    """Remove what reasoning models think aloud, in brackets of any style or in channels.

    A thought whose opening the server withheld reaches from the beginning to its closing mark; one that was
    cut reaches to the end. Thoughts may hold thoughts.
    """
    text = _final_channel(text)
    kept: list[str] = []
    start, unclosed, inside = 0, 0, False
    for mark_start, mark_end, opens in _thought_marks(text):
        if inside:
            unclosed += opens
        elif opens:
            kept.append(text[start:mark_start])
        elif unclosed:  # this closes the outer one of two thoughts
            unclosed -= 1
        else:
            kept.clear()
        inside, start = opens, mark_end
    if not inside:
        kept.append(text[start:])
    return _joined(kept)


def _joined(pieces: list[str]) -> str:
    """Join the pieces around thoughts; two words or statements are not run together."""
    whole: list[str] = []
    for piece in filter(None, pieces):
        if whole and not whole[-1][-1].isspace() and not piece[0].isspace():
            whole.append("\n")
        whole.append(piece)
    return "".join(whole)


def _thought_marks(text: str) -> list[_Mark]:
    found = [*_tagged_thoughts(text)]
    found += [(*match.span(), False) for match in _SPOKEN_END.finditer(text)]
    found += [(*match.span(), match["close"] is None) for match in _GEMMA.finditer(text)]
    return sorted(found)


def _tagged_thoughts(text: str) -> Iterator[_Mark]:
    for match in _TAG.finditer(text):
        bracket, slash, name, rest, empty = match.groups()
        closes = _closes_thought(name)
        if closes is None or (bracket == "[" and (rest or name.casefold() not in _BRACKETED)):
            continue
        start, end = match.span()
        if is_quoted(text, start, end):
            continue
        yield start, end, not (slash or closes)
        if empty or (rest and rest.endswith("/")):
            yield end, end, False


@lru_cache(maxsize=1024)
def _closes_thought(name: str) -> bool | None:
    """Whether a tag of this name closes a thought, going by the name alone; None if it marks no thought."""
    words = set(_SEPARATOR.split(name.casefold()))
    if words & _THOUGHTS or ("inner" in words and words & {"prefix", "suffix"}):  # as Apertus writes
        return bool(words & _CLOSING)
    return None


_HARMONY_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_HEADER = 200
"""No header of a channel has more characters."""


def _final_channel(text: str) -> str:
    """Return what stands in the final channel of a text that has channels, as gpt-oss writes it."""
    head, *segments = _split_at("<|message|>", text)
    if not segments:
        return _without_channel_names(text)
    said = ""
    for segment in segments:
        if _is_final(head[-_HEADER:]):
            end = _HARMONY_END.search(segment)
            said = (segment[: end.start()] if end else segment).strip() or said
        head = segment
    return said


def _split_at(token: str, text: str) -> list[str]:
    """Split a text at a token where it is used, and not spoken of."""
    pieces: list[str] = []
    start = 0
    for match in re.finditer(re.escape(token), text):
        if not is_quoted(text, *match.span()):
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


def _is_final(header: str) -> bool:
    """Whether what follows a header is said to the user."""
    before, channel, name = header.rpartition("<|channel|>")
    if channel:
        return name.lstrip().startswith("final")
    before, start, role = header.rpartition("<|start|>")
    if start:
        return role.strip().startswith("assistant")
    return not before.strip() and role.strip() in ("", "final", "assistant")


def _without_channel_names(text: str) -> str:
    """Read channels without their messages, or without their tokens, which some servers strip."""
    before, *channels = _split_at("<|channel|>", text)
    if channels:
        after = "<|channel|>".join(channels)
        return after.lstrip()[len("final") :] if after.lstrip().startswith("final") else before
    if text.lstrip().startswith("analysis"):
        thought, final, answer = text.rpartition("assistantfinal")
        return answer if final else thought or text
    return text


_TURN_TOKEN = re.compile(
    r"""
      <(?=[|｜/\w]) (?: [|｜]/?(?P<token>[\w▁:./\ -]{1,40})[|｜]>    # <|im_end|>, <|eot_id|>, <|0.00|>
    | (?P<word>/?s|eos|bos|pad|unk|eod|eot|sep|cls|eos_token|im_start|im_end|endoftext|end_of_text
        |start_of_turn|end_of_turn|end_of_utterance|extra_id_\d{1,3}|unused\d{1,3}|turn\||\|turn)> )
    | \[(?P<square>/?INST|EOS|BOS|PAD|SEP|CLS|UNK|e~\[)\]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ROLE = re.compile(r"\s{0,4}(assistant|model|user|system|human|tool|developer|ipython)\b", re.IGNORECASE)
_STARTS = frozenset(
    {"im_start", "start_of_turn", "start", "start_header_id", "start_of_role", "|turn", "header_start"}
)
_ENDS = frozenset(
    "im_end eot_id eot end endoftext end_of_text eom_id eom return eos end_of_turn end_of_sentence eos_token "
    "end_of_turn_token end_response call eod endofturn end_of_utterance /s turn| turn_end message_end "
    "end_of_message e~[ inst".split()
)
_ROLES = {
    "assistant": True,
    "model": True,
    "chatbot_token": True,
    "/inst": True,
    "user": False,
    "system": False,
    "human": False,
    "tool": False,
    "developer": False,
    "ipython": False,
    "user_token": False,
    "system_token": False,
}
"""Tokens and words that begin a turn, and whether it is the model's."""


def without_turn_tokens(text: str) -> str:
    """Remove the tokens of chat templates, and all turns but the model's first."""
    kept: list[str] = []
    start, own, said = 0, True, False
    for match in _TURN_TOKEN.finditer(text):
        if match.start() < start or is_quoted(text, *match.span()):
            continue
        piece = text[start : match.start()] if own else ""
        kept.append(piece)
        said = said or bool(piece.strip())
        name = (match["token"] or match["word"] or match["square"] or "").casefold()
        name = re.sub(r"[▁ -]", "_", name)
        start = match.end()
        role = _ROLE.match(text, start) if name in _STARTS else None
        if said and (name in _ENDS or name in _STARTS or name in _ROLES):
            return "".join(kept)
        own = _ROLES.get(name, own and name != "inst")
        if role is not None:
            own, start = _ROLES[role[1].casefold()], role.end()
    return "".join([*kept, text[start:] if own else ""])


_FENCE = re.compile(r"\s*+(?:`{3,}+|~{3,}+)\s*+[\w+.-]*+\s*+")
_MARKER = re.compile(
    r"\s*+(?:[-*•–—·▪◦>]\s++(?:\[[ x]\]\s++)?|\(?\d{1,3}\\?[.):、]\**+(?!\d)\s*+|\d{1,3}\s[-–]\s++"
    r"|[①-⑳]\s*+|\(?[a-z][.)]\s++)",
    re.IGNORECASE,
)


def is_fence(line: str) -> bool:
    """Whether a line of Markdown begins or ends a block of code."""
    return _FENCE.fullmatch(line) is not None


def without_marker(line: str) -> str | None:
    """Return a list's line without its bullet or number; None for a line that has neither."""
    bold = line.lstrip()
    bold = bold[2:] if bold.startswith("**") else bold  # as in `**1. Sheldon**`
    found = _MARKER.match(bold)
    return bold[found.end() :] if found is not None else None


def find_json(text: str, *kinds: type) -> Any:
    """Return the first JSON value of one of these kinds (dict, list) among what a model said.

    Raises ValueError with a complaint for the model where there is none.
    """
    said = clean_reply(text)
    brackets = [("{", "}") if kind is dict else ("[", "]") for kind in kinds]
    spans = [(said.find(first), said.rfind(last) + 1) for first, last in brackets]
    spans = sorted(span for span in spans if 0 <= span[0] < span[1])
    if not spans:
        raise ValueError("it holds no JSON object")
    for start, end in spans:
        for read in (json.loads, _first_value, _almost_json):
            try:
                found = read(said[start:end])
            except (ValueError, RecursionError):
                continue
            if isinstance(found, kinds):
                return found
    raise ValueError("its JSON cannot be read")


def _first_value(text: str) -> object:
    """Read the JSON value that a text begins with."""
    return json.JSONDecoder().raw_decode(text)[0]


_ALMOST = re.compile(
    r"\"(?:[^\"\\\n]|\\.){0,1000}+\"|'(?P<text>(?:[^'\\\n]|\\.){0,1000}+)'|(?P<comma>,)(?=\s{0,100}[}\]])"
    r"|\b(?P<word>True|False|None)\b"
)
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_LONGEST_ALMOST = 50_000


def _almost_json(text: str) -> object:
    """Read JSON as Python writes it: text in single quotes, True, None, a comma before a closing bracket."""

    def mended(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return json.dumps(match["text"].replace("\\'", "'"), ensure_ascii=False)
        return "" if match["comma"] else _PYTHON.get(match["word"], match[0])

    if len(text) > _LONGEST_ALMOST:
        raise ValueError("too long to mend")
    return json.loads(_ALMOST.sub(mended, text))

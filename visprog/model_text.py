r"""Clean a model's reply: remove thoughts, turn tokens and list markers, and find its JSON.

Models write `<think>...</think>`, `[THINK]`, `<|channel|>analysis`, `<|im_end|>` and similar text around
their answers. Every role uses this module, for local and remote models.

The text is untrusted, so every function takes linear time for any input: patterns are bounded or possessive,
and no text is searched again from each of its positions.
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
    """Return the model's reply without thoughts, turn tokens and invisible characters."""
    return without_turn_tokens(without_thoughts(without_invisible(text))).strip()


def without_invisible(text: str) -> str:
    """Remove byte order marks, zero-width spaces and word joiners. The joiners inside emoji stay."""
    return text if text.isascii() else text.translate(_INVISIBLE)


def is_quoted(text: str, start: int, end: int) -> bool:
    """Return whether a token is between two equal quotes: the model mentions it and does not use it."""
    return start > 0 and text[start - 1] in _QUOTES and text[end : end + 1] == text[start - 1]


_TAG = re.compile(
    r"(?P<bracket><[|｜]?(?![<|])|&lt;|\[(?!\[)|[◁【《＜])\s?(?P<slash>/?)(?P<name>[\w▁:.-]{1,40})"
    r"(?P<rest>\s[^<>\[\]]{0,200})?(?P<empty>/?)(?:[|｜]?>|&gt;|[\]▷】》＞])"
)
_THOUGHT_END = re.compile(
    r"^(?:here(?: i|['’])s my response:|\.\.\.done thinking\.)", re.IGNORECASE | re.MULTILINE
)
"""Words that end a thought, as Granite and Ollama's command line write them."""
_GEMMA = re.compile(
    r"<\|channel>\s?thought|<(?:unused|ctrl)94>thought|(?P<close><channel\|>|<(?:unused|ctrl)95>)"
)
_SEPARATOR = re.compile(r"[:_.▁-]")
_THOUGHTS = frozenset(
    "think thinking thought thoughts reason reasoning reflect reflection rationale scratchpad analysis cot "
    "monologue deliberation".split()
)
_BRACKETED = frozenset({"think", "thinking", "thought", "thoughts", "reasoning"})
"""Words that start a thought in square brackets; other words may be a heading or an item of a list."""
_CLOSING = frozenset({"end", "close", "stop", "suffix"})


_ThoughtTag = tuple[int, int, bool]
"""The start and end of a thought's tag, and whether it is an opening tag."""


def without_thoughts(text: str) -> str:
    """Remove the thoughts of reasoning models, in tags of any style or in channels.

    A thought without an opening tag starts at the beginning of the text: some servers remove the tag. A
    thought without a closing tag ends at the end of the text. Thoughts can be nested.
    """
    text = _final_channel(text)
    kept: list[str] = []
    start, unclosed, inside = 0, 0, False
    for tag_start, tag_end, opens in _thought_tags(text):
        if inside:
            unclosed += opens
        elif opens:
            kept.append(text[start:tag_start])
        elif unclosed:  # this closes the outer one of two thoughts
            unclosed -= 1
        else:
            kept.clear()
        inside, start = opens, tag_end
    if not inside:
        kept.append(text[start:])
    return _joined(kept)


def _joined(pieces: list[str]) -> str:
    """Join the pieces around thoughts, with a line feed where two words or statements would touch."""
    whole: list[str] = []
    for piece in filter(None, pieces):
        if whole and not whole[-1][-1].isspace() and not piece[0].isspace():
            whole.append("\n")
        whole.append(piece)
    return "".join(whole)


def _thought_tags(text: str) -> list[_ThoughtTag]:
    found = [*_tagged_thoughts(text)]
    found += [(*match.span(), False) for match in _THOUGHT_END.finditer(text)]
    found += [(*match.span(), match["close"] is None) for match in _GEMMA.finditer(text)]
    return sorted(found)


def _tagged_thoughts(text: str) -> Iterator[_ThoughtTag]:
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
    """Return whether a tag of this name closes a thought; None if it is not a tag of a thought."""
    words = set(_SEPARATOR.split(name.casefold()))
    if words & _THOUGHTS or ("inner" in words and words & {"prefix", "suffix"}):  # as Apertus writes
        return bool(words & _CLOSING)
    return None


_HARMONY_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_MAX_HEADER = 200
"""Maximum characters of a channel's header."""


def _final_channel(text: str) -> str:
    """Return the content of the final channel of a text with channels, as gpt-oss writes them."""
    head, *segments = _split_at("<|message|>", text)
    if not segments:
        return _without_channel_names(text)
    content = ""
    for segment in segments:
        if _is_final(head[-_MAX_HEADER:]):
            end = _HARMONY_END.search(segment)
            content = (segment[: end.start()] if end else segment).strip() or content
        head = segment
    return content


def _split_at(token: str, text: str) -> list[str]:
    """Split a text at each token that is not quoted."""
    pieces: list[str] = []
    start = 0
    for match in re.finditer(re.escape(token), text):
        if not is_quoted(text, *match.span()):
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


def _is_final(header: str) -> bool:
    """Return whether the message after a header is for the user."""
    before, channel, name = header.rpartition("<|channel|>")
    if channel:
        return name.lstrip().startswith("final")
    before, start, role = header.rpartition("<|start|>")
    if start:
        return role.strip().startswith("assistant")
    return not before.strip() and role.strip() in ("", "final", "assistant")


def _without_channel_names(text: str) -> str:
    """Return the final channel of a text from a server that removes message tokens, or all tokens."""
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
"""Tokens and words that start a turn, and whether it is the model's turn."""


def without_turn_tokens(text: str) -> str:
    """Remove the tokens of chat templates, and every turn except the model's first one."""
    kept: list[str] = []
    start, own, replied = 0, True, False
    for match in _TURN_TOKEN.finditer(text):
        if match.start() < start or is_quoted(text, *match.span()):
            continue
        piece = text[start : match.start()] if own else ""
        kept.append(piece)
        replied = replied or bool(piece.strip())
        name = (match["token"] or match["word"] or match["square"] or "").casefold()
        name = re.sub(r"[▁ -]", "_", name)
        start = match.end()
        role = _ROLE.match(text, start) if name in _STARTS else None
        if replied and (name in _ENDS or name in _STARTS or name in _ROLES):
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
    """Return whether a line of Markdown starts or ends a block of code."""
    return _FENCE.fullmatch(line) is not None


def without_marker(line: str) -> str | None:
    """Return a line of a list without its bullet or number; None if it has neither."""
    bold = line.lstrip()
    bold = bold[2:] if bold.startswith("**") else bold  # as in `**1. Sheldon**`
    found = _MARKER.match(bold)
    return bold[found.end() :] if found is not None else None


def find_json(text: str, *kinds: type) -> Any:
    """Return the first JSON value of one of these kinds (dict, list) in a model's reply.

    Raise ValueError with a message for the model if there is none.
    """
    reply = clean_reply(text)
    brackets = [("{", "}") if kind is dict else ("[", "]") for kind in kinds]
    spans = [(reply.find(first), reply.rfind(last) + 1) for first, last in brackets]
    spans = sorted(span for span in spans if 0 <= span[0] < span[1])
    if not spans:
        raise ValueError("it contains no JSON object")
    for start, end in spans:
        for read in (json.loads, _first_value, _almost_json):
            try:
                found = read(reply[start:end])
            except (ValueError, RecursionError):
                continue
            if isinstance(found, kinds):
                return found
    raise ValueError("its JSON cannot be parsed")


def _first_value(text: str) -> object:
    """Parse the JSON value at the start of a text."""
    return json.JSONDecoder().raw_decode(text)[0]


_ALMOST_JSON = re.compile(
    r"\"(?:[^\"\\\n]|\\.){0,1000}+\"|'(?P<text>(?:[^'\\\n]|\\.){0,1000}+)'|(?P<comma>,)(?=\s{0,100}[}\]])"
    r"|\b(?P<word>True|False|None)\b"
)
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_MAX_ALMOST_JSON = 50_000


def _almost_json(text: str) -> object:
    """Parse JSON in Python's notation: single quotes, True, None, a comma before a closing bracket."""

    def corrected(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return json.dumps(match["text"].replace("\\'", "'"), ensure_ascii=False)
        return "" if match["comma"] else _PYTHON.get(match["word"], match[0])

    if len(text) > _MAX_ALMOST_JSON:
        raise ValueError("too long to correct")
    return json.loads(_ALMOST_JSON.sub(corrected, text))

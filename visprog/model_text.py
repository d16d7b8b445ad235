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


def spoken(text: str) -> str:
    """Return what the model said in its turn: no thoughts, no turn tokens, no invisible characters."""
    return without_turn_tokens(without_thoughts(without_invisible(text))).strip()


def without_invisible(text: str) -> str:
    """Remove byte order marks, zero-width spaces and word joiners. The joiners inside emoji stay."""
    return text if text.isascii() else text.translate(_INVISIBLE)


def _is_mentioned(text: str, start: int, end: int) -> bool:
    """Whether a mark stands alone between two equal quotes: it is spoken of, not used."""
    return start > 0 and text[start - 1] in _QUOTES and text[end : end + 1] == text[start - 1]


_TAG = re.compile(
    r"(?P<bracket><[|｜]?(?![<|])|&lt;|\[(?!\[)|[◁【《＜])\s?(?P<slash>/?)(?P<name>[\w▁:.-]{1,40})"
    r"(?P<rest>\s[^<>\[\]]{0,200})?(?P<empty>/?)(?:[|｜]?>|&gt;|[\]▷】》＞])"
)
_GRANITE = re.compile(r"^here(?: i|['’])s my response:", re.IGNORECASE | re.MULTILINE)
_GEMMA = re.compile(r"<\|channel>\s?thought|<unused94>thought|(?P<close><channel\|>|<unused95>)")
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
    found += [(*match.span(), False) for match in _GRANITE.finditer(text)]
    found += [(*match.span(), match["close"] is None) for match in _GEMMA.finditer(text)]
    return sorted(found)


def _tagged_thoughts(text: str) -> Iterator[_Mark]:
    for match in _TAG.finditer(text):
        bracket, slash, name, rest, empty = match.groups()
        closes = _closes_thought(name)
        if closes is None or (bracket == "[" and (rest or name.casefold() not in _BRACKETED)):
            continue
        start, end = match.span()
        if _is_mentioned(text, start, end):
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
    head, *segments = text.split("<|message|>")
    if not segments:
        return _without_channel_names(text)
    said = ""
    for segment in segments:
        if _is_final(head[-_HEADER:]):
            end = _HARMONY_END.search(segment)
            said = (segment[: end.start()] if end else segment).strip() or said
        head = segment
    return said


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
    before, channel, after = text.partition("<|channel|>")
    if channel:
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
        if match.start() < start or _is_mentioned(text, *match.span()):
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


_ANSWER_TAG = re.compile(
    r"<(?![<|])(?P<slash>/?)\s?(?:final[_ ]?|short[_ ]?)?"
    r"(?:answer|conclusion|output|response|result|solution|final)\s?>"
    r"|\[(?P<square>/?)ANSWER\]"
    r"|<\|(?P<end>begin|start|end)_(?:of_)?(?:box|solution|answer|response)\|>",
    re.IGNORECASE,
)
_TEX_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|operatorname)\s?\{")
_BRACE = re.compile(r"[{}]")


def unwrapped(text: str, *, sentence: bool = False) -> str:
    """Return an answer in words without its wrappers: tags, boxes, code fences, labels, quotes, emphasis.

    `sentence` says that a sentence is wanted, which may itself begin with `The answer is`.
    """
    said = without_turn_tokens(_boxed(_tagged(without_thoughts(without_invisible(text)))))
    lines = [line for line in said.splitlines() if line.strip() and not is_fence(line)]
    return bare(_labelled(lines, _LABEL if sentence else _ANSWER_LABEL))


def _tagged(text: str) -> str:
    """Return what the last pair of answer tags holds, or the text without such tags."""
    inner, start = "", None
    for match in _ANSWER_TAG.finditer(text):
        closes = match["slash"] or match["square"] or (match["end"] or "").casefold() == "end"
        if closes and start is not None:
            inner = text[start : match.start()].strip() or inner
        start = None if closes else match.end()
    if start is not None:
        inner = text[start:].strip() or inner
    return inner or _ANSWER_TAG.sub("", text)


def _boxed(text: str) -> str:
    """Return what stands in the last TeX box, or the text."""
    found = text.rfind(r"\boxed{")
    if found < 0:
        return text
    content = _braced(text, found + len(r"\boxed{"))
    for _ in range(3):
        if opening := _TEX_TEXT.match(content):
            content = _braced(content, opening.end())
    return content or text.replace(r"\boxed{", "")


def _braced(text: str, start: int) -> str:
    """Return the text up to the brace that closes one opened before `start`, or up to the end of the line."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()].strip()
    return text[start:].partition("\n")[0].strip()


_BEFORE_LABEL = r"""
    [\s*_\#>`"“-]*+ (?:(?:so|thus|therefore|hence)\b,?\s++)? (?:(?:the|my)\s++)?
    (?:(?:final|short|correct|brief)\s++)? (?:answer|assistant|caption)
"""
_COLON = r"(?:\s++is\b)? \s*+\**+\s*+ (?:[:=]|[-–—](?=\s))"
_LABEL = re.compile(f"{_BEFORE_LABEL} {_COLON}", re.VERBOSE | re.IGNORECASE)
_ANSWER_LABEL = re.compile(rf"{_BEFORE_LABEL} (?:{_COLON}|\s++is\b)", re.VERBOSE | re.IGNORECASE)


def _labelled(lines: list[str], label: re.Pattern[str]) -> str:
    """Return the answer that a label such as `Final answer:` marks; all lines where there is none.

    A label on the first line counts, for what follows may be made up; otherwise the last one does.
    """
    found = ""
    for number, line in enumerate(lines):
        end = _label_end(line, label)
        if end:
            below = lines[number + 1] if number + 1 < len(lines) else ""
            found = next(filter(None, map(bare, (line[end:], below))), found)
            if number == 0 and found:
                break
    return found or "\n".join(lines)


def _label_end(line: str, label: re.Pattern[str]) -> int:
    """Return where the labels at a line's beginning end."""
    end = 0
    while match := label.match(line, end):
        end = match.end()
    return end


def bare(text: str) -> str:
    """Remove white space, quotes and emphasis around an answer, and strong emphasis inside."""
    if "**" in text and text.count("**") % 2 == 0:
        text = text.replace("**", "")
    stripped = text.strip('*_`"“”‘’$ \t\r\n')
    return stripped[1:-1].strip() if len(stripped) > 1 and stripped[0] == stripped[-1] == "'" else stripped


_FENCE = re.compile(r"\s*+(?:`{3,}+|~{3,}+)\s*+[\w+.-]*+\s*+")
_MARKER = re.compile(r"\s*+(?:[-*•–—·▪◦]\s++|\(?\d{1,3}[.):]\**+(?!\d)\s*+|\(?[a-z][.)]\s++)", re.IGNORECASE)


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
    said = spoken(text)
    brackets = [("{", "}") if kind is dict else ("[", "]") for kind in kinds]
    spans = [(said.find(first), said.rfind(last) + 1) for first, last in brackets]
    spans = sorted(span for span in spans if 0 <= span[0] < span[1])
    if not spans:
        raise ValueError("it holds no JSON object")
    for start, end in spans:
        for read in (json.loads, _first_value):
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

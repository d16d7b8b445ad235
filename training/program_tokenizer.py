"""The tokenizer of instructions and programs: a word, or a common part of a program, is one token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

_PHRASES = (
    "Pictures: ", "\nQuestion: ", "\nStatement: ", "\nInstruction: ", "List at most ",
    "IMAGE", "LEFT, RIGHT", "How many", "What color", r" (?:is|are) in the image\?", r" in the image\?",
    "'yes' if ", " else 'no'", " == 'yes'",
)  # fmt: skip
_PIECES = (
    r"\{?[A-Z]+[0-9]+\}?",
    *_PHRASES,
    r"=[A-Za-z]+\((?:[a-z]+=)?[\"']?",  # =Loc(image=
    r", [a-z]+=[\"'\[]?",  # , object='
    r"[\"'\]]?\)",
    r"\nRESULT=",
    r"\n[A-Z]+[0-9]*",
    r" [=!<>+*-]+ ",
    " ?[A-Za-z]+",
    " ?[0-9]",
    r"[\s\S]",
)
_PLACES = Regex("|".join(_PIECES))

_PAD, _END = "<pad>", "</s>"

TEMPLATE = (
    "{%- set turn = namespace(asked='') -%}"
    "{%- for message in messages if message['role'] == 'user' -%}"
    "{%- if message['content'].startswith('Pictures: ') or not turn.asked.startswith('Pictures: ') -%}"
    "{%- set turn.asked = message['content'] -%}{%- endif -%}{%- endfor -%}"
    "{{- turn.asked | trim -}}"
)
"""A chat template that keeps only the last instruction, or the last question if no turn names pictures.

The small model does not need the system turn and the examples, and it cannot use diagnostics.
"""


def program_tokenizer(texts: Iterable[str], *, frequency: int = 10) -> PreTrainedTokenizerFast:
    """Return a tokenizer in which each piece of text that occurs `frequency` times is one token.

    Other pieces are split into bytes. So any text can be decoded again, and unknown words can be copied
    letter by letter.
    """
    backend = Tokenizer(models.BPE(vocab={}, merges=[], ignore_merges=True))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_PLACES, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    counts = Counter(piece for text in texts for piece, _ in backend.pre_tokenizer.pre_tokenize_str(text))
    known = sorted(piece for piece, count in counts.items() if count >= frequency)
    tokens = dict.fromkeys([_PAD, _END, *sorted(pre_tokenizers.ByteLevel.alphabet()), *known])
    vocabulary = {token: number for number, token in enumerate(tokens)}
    backend.model = models.BPE(vocab=vocabulary, merges=[], ignore_merges=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=_PAD, eos_token=_END, chat_template=TEMPLATE
    )

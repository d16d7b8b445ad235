"""A model's answer or JSON is found, whatever text surrounds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.answer_text import unwrapped
from visprog.model_text import clean_reply, find_json, without_thoughts, without_turn_tokens
from visprog.models.short_answer import short_answer

THOUGHTS = [
    "<think>no</think>",
    "<think>\nno\n</think>\n\n",
    "<THINK>no</THINK>",
    "<think type='deep'>no</think>",
    "<think></think>",
    "<think/>",
    "<thinking>no</thinking>",
    "<thought>no</thought>",
    "<thoughts>no</thoughts>",
    "<reasoning>no</reasoning>",
    "<reflection>no</reflection>",
    "<seed:think>no</seed:think>",
    "<longcat_think>no</longcat_think>",
    "[THINK]no[/THINK]",
    "[think]no[/think]",
    "◁think▷no◁/think▷",
    "&lt;think&gt;no&lt;/think&gt;",
    "<|begin_of_thought|>no<|end_of_thought|>",
    "<|START_THINKING|>no<|END_THINKING|>",
    "<|inner_prefix|>no<|inner_suffix|>",
    "<|channel>thought\nno<channel|>",
    "<unused94>thought\nno<unused95>",
    "<think>a<think>b</think>c</think>",
    "<think>a</think><think>b</think>",
    "<think>a <think> tag is fine</think>",
    "<think>I close it with `</think>` later</think>",
    "withheld by the server</think>",
    "withheld[/THINK]\n",
    "withheld <think>no</think> no</think>",
    "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>",
    "analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>",
    "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    "analysisno no noassistantfinal",
    "Here is my thought process:\nno\nHere is my response:\n",
]


@pytest.mark.parametrize("thought", THOUGHTS)
def test_a_thought_before_the_answer_is_removed(thought: str) -> None:
    assert without_thoughts(f"{thought}yes").strip() == "yes"


@pytest.mark.parametrize("thought", THOUGHTS[:24])
def test_words_around_a_thought_stay_separate(thought: str) -> None:
    assert clean_reply(f"Red{thought}Blue").split() == ["Red", "Blue"]


@pytest.mark.parametrize(
    "text",
    [
        "<think>it never ends",
        "[THINK]it never ends",
        "◁think▷",
        "<think>one</think><think>another",
        "<|channel|>analysis<|message|>it was cut",
        "<|channel|>analysis",
        "<think>done</think>",
    ],
)
def test_a_reply_with_only_a_thought_is_empty(text: str) -> None:
    assert clean_reply(text) == ""


def test_the_text_before_an_unclosed_thought_is_kept() -> None:
    assert clean_reply("yes<think>or perhaps") == "yes"


ENDS = [
    "<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>",
    "<end_of_turn>", "<|eom_id|>", "<|return|>", "<｜end▁of▁sentence｜>", "<pad><pad>",
    "<|END_OF_TURN_TOKEN|>", "<turn|>",
    "[/INST]", "<|some_new_token|>", "\n<|im_end|>\n", "<|im_end|>\n<|im_start|>user\nWhat else?<|im_end|>",
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nno", "<end_of_turn>\n<start_of_turn>user\nno",
    "<|end|><|user|>no<|end|><|assistant|>no", "</s> [INST] no [/INST] no",
]  # fmt: skip
STARTS = [
    "<s>", "<bos>", "<|im_start|>assistant\n", "<start_of_turn>model\n", "<|assistant|>", "<｜Assistant｜>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n", "[INST] no? [/INST] ", "<|user|>no?<|assistant|>",
    "<|im_start|>user\nno?<|im_end|>\n<|im_start|>assistant\n", "<|start|>assistant<|message|>",
    "<|startoftranscript|><|en|><|transcribe|><|0.00|>",
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_the_turn_ends_at_its_token(end: str) -> None:
    assert clean_reply(f"yes{end}") == "yes"


@pytest.mark.parametrize("start", STARTS)
def test_the_turn_starts_after_its_token(start: str) -> None:
    assert clean_reply(f"{start}yes") == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "a<b and c>d",
        "RESULT=Eval(expr='{A} < 3')",
        "A=Replace(image=IMAGE, object=OBJ, prompt='<3 hearts')",
        "A=Tag(image=IMAGE, text='|x|')",
        "A=List(query='what does a \"<think>\" tag mean?')",
        "A=Emoji(emoji='<(^_^)>')",
        "[broken",
        "[1, 2]",
        "the [red] one",
        "👨‍👩‍👧",
        "می‌خواهم",
        "x <= 3 || y >= 2",
        "<b>bold</b>",
    ],
)
def test_text_that_looks_like_a_token_is_kept(text: str) -> None:
    assert clean_reply(text) == text


@pytest.mark.parametrize("invisible", ["\ufeff", "\u200b", "\u2060"])
def test_invisible_characters_are_removed(invisible: str) -> None:
    assert clean_reply(f"{invisible}y{invisible}es") == "yes"


WRAPPED = [
    "<answer>yes</answer>",
    "<answer>\nyes\n</answer>",
    "<answer>yes",
    "yes</answer>",
    "<final_answer>yes</final_answer>",
    "<answer>no</answer> Wait. <answer>yes</answer>",
    "<SUMMARY>no</SUMMARY><REASONING>no</REASONING><CONCLUSION>yes</CONCLUSION>",
    "[ANSWER]yes[/ANSWER]",
    "<|begin_of_box|>yes<|end_of_box|>",
    "<|begin_of_solution|>yes<|end_of_solution|>",
    r"\boxed{yes}",
    r"$\boxed{\text{yes}}$",
    r"I count one, so \boxed{yes}.",
    r"\boxed{\mathrm{\text{yes}}}",
    r"\boxed{yes",
    r"\[\boxed{yes}\]",
    "**Answer:** yes",
    "**Answer**: yes",
    "Answer - yes",
    "The answer is: yes",
    "The answer is **yes**.",
    "So, the final answer is yes.",
    "Answer:\n\nyes",
    "### Final answer\n\nno, wait\n\n### Final answer: yes",
    "Let me look.\nThere is one.\n\n**Final Answer:** yes",
    "ASSISTANT: yes",
    "Answer: yes\nQuestion: And now?\nAnswer: no",
    "```\nyes\n```",
    "```text\nyes\n```",
    "`yes`",
    '"yes"',
    "'yes'",
    "“Yes”",
    "**yes**",
    "***Yes!***",
    "Yes. The woman smiles at the camera.",
    "Yes, the woman smiles.",
    "Yes\n\nThe woman smiles, as one can see.",
    "### Answer\nyes",
    "**Final Answer**\n\nyes",
    "Final answer → yes",
    "答案：yes",
    "assistant\nyes",
    "yes\nUser: And now?\nAssistant: no",
    '{"answer": "yes"}',
    '{"answer": true, "confidence": 0.9}',
    '```json\n{"answer": "yes"}\n```',
    "«yes»",
    "「yes」。",
    "> yes",
    "- yes",
    "<b>yes</b>",
    "<p>yes</p>",
    "<ref>yes</ref><box>[[1, 2, 3, 4]]</box>",
    '<point x="1.0" y="2.0" alt="yes">yes</point>',
    "<|object_ref_start|>yes<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>",
    r"$\text{yes}$",
    "Thinking...\nno\n...done thinking.\n\nyes",
    "<ctrl94>thought\nno<ctrl95>yes",
    "**Yes**. The woman smiles.",
]


@pytest.mark.parametrize("text", WRAPPED)
def test_an_answer_is_extracted_from_its_wrappers(text: str) -> None:
    assert short_answer(text, "Does the woman smile?") == "yes"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a <b> tag", "a <b> tag"),
        ("{x}", "{x}"),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2}'),
        ("rock 'n' roll", "rock 'n' roll"),
        ("'red' or 'blue'", "'red' or 'blue'"),
        ("final answer", "final answer"),
        ("m*a*s*h", "m*a*s*h"),
        ("no parking", "no parking"),
        ("No. 5", "no. 5"),
        ("Straße", "straße"),
        ("the dog's bowl", "the dog's bowl"),
        ("answering machine", "answering machine"),
        ("answer-phone", "answer-phone"),
        ("3 < 4", "3 < 4"),
    ],
)
def test_an_answer_without_wrappers_is_unchanged(text: str, answer: str) -> None:
    assert short_answer(text, "What is written there?") == answer


def test_a_caption_can_start_with_the_answer_is() -> None:
    assert unwrapped("The answer is on the board.", sentence=True) == "The answer is on the board."
    assert unwrapped('Caption: "A **big** dog."', sentence=True) == "A big dog."


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        'Here [as asked]: {"a": 1}. I hope {it} helps.',
        '<think>{"a": 2}</think>{"a": 1}<|im_end|>',
        '{"a": 1}{"a": 2}',
        '<answer>{"a": 1}</answer>',
    ],
)
def test_json_is_found_in_a_sentence(text: str) -> None:
    assert find_json(text, dict) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'it\\'s', 'b': True}", {"a": "it's", "b": True}),
        ('{"a": [1, 2,], "b": None,}', {"a": [1, 2], "b": None}),
        ('{"a": "x, ]", }', {"a": "x, ]"}),
    ],
)
def test_json_in_python_notation_is_parsed(text: str, value: object) -> None:
    assert find_json(text, dict) == value


def test_quotes_inside_a_caption_are_kept() -> None:
    for caption in ('A sign reads "STOP"', '"STOP" is on a sign.', "“A” and “B”"):
        assert unwrapped(caption, sentence=True) == caption


def test_positions_in_a_caption_are_removed() -> None:
    horse = "<phrase>a horse</phrase><object><patch_index_0044></object>"
    text = f"<ref>A man</ref><box>[[1,2,3,4]]</box> rides {horse}."
    assert unwrapped(text, sentence=True) == "A man rides a horse."


@pytest.mark.parametrize("text", ["", "no", "}{", "{", "[1]"])
def test_an_answer_without_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="it contains no JSON object"):
        find_json(text, dict)


@pytest.mark.parametrize("text", ["{not json}", '{"a":' * 100_000 + "}", "[" + "1" * 9999 + "]"])
def test_json_that_cannot_be_parsed_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="its JSON cannot be parsed"):
        find_json(text, dict, list)


@given(st.text(st.characters(exclude_characters="<[◁【《＜&\ufeff\u200b\u2060")))
def test_text_without_tags_is_unchanged(text: str) -> None:
    if "analysis" not in text and "response" not in text:
        assert without_turn_tokens(without_thoughts(text)) == text


@given(st.lists(st.sampled_from([*THOUGHTS, *ENDS, *STARTS, "yes", " ", "\n", "<", "{", "'"]), max_size=8))
def test_no_mixture_of_tokens_fails(parts: list[str]) -> None:
    text = "".join(parts)
    assert len(clean_reply(text)) <= len(text) + len(parts)
    assert len(unwrapped(text)) <= len(text) + len(parts)

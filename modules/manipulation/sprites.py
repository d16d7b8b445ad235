"""Sprites: drawings of emoji, found by name, character or emoticon.

The drawings are Twemoji (CC BY 4.0), 72 pixels wide, from the package augly. The code of the package is not
run.
"""

from __future__ import annotations

import difflib
import importlib.util
import unicodedata
from functools import cache
from pathlib import Path

from PIL import Image as PILImage

from visprog.errors import UsageError
from visprog.modules.manipulation.drawing import Drawing

EMOTICONS: dict[str, str] = {
    ":)": "smiling_face_with_smiling_eyes",
    "=)": "smiling_face_with_smiling_eyes",
    ":]": "smiling_face_with_smiling_eyes",
    "(:": "smiling_face_with_smiling_eyes",
    "^_^": "smiling_face_with_smiling_eyes",
    ":D": "grinning_face_with_big_eyes",
    "=D": "grinning_face_with_big_eyes",
    "XD": "grinning_squinting_face",
    ";)": "winking_face",
    ";D": "winking_face",
    ":P": "face_with_tongue",
    "=P": "face_with_tongue",
    ";P": "winking_face_with_tongue",
    "XP": "squinting_face_with_tongue",
    "8)": "smiling_face_with_sunglasses",
    "B)": "smiling_face_with_sunglasses",
    ":(": "disappointed_face",
    "=(": "disappointed_face",
    ":[": "disappointed_face",
    "D:": "anguished_face",
    ":C": "disappointed_face",
    ":'(": "crying_face",
    ";(": "crying_face",
    ":'D": "face_with_tears_of_joy",
    "T_T": "loudly_crying_face",
    ":O": "face_with_open_mouth",
    ":0": "face_with_open_mouth",
    "8O": "astonished_face",
    ":|": "neutral_face",
    "-_-": "expressionless_face",
    ":/": "confused_face",
    ":\\": "confused_face",
    ":S": "confounded_face",
    ":$": "flushed_face",
    ":X": "face_without_mouth",
    ":*": "face_blowing_a_kiss",
    ":3": "smiling_cat_with_heart_eyes",
    ">:(": "angry_face",
    ">:)": "smiling_face_with_horns",
    "O:)": "smiling_face_with_halo",
    "0:)": "smiling_face_with_halo",
    "<3": "red_heart",
    "</3": "broken_heart",
}
"""Emoticons in capital letters and without a nose: `:-p` is found as `:P`."""

CHARACTERS: dict[str, str] = {
    "☺": "smiling_face",
    "❤": "red_heart",
    "🙂": "smiling_face_with_smiling_eyes",
    "🙁": "disappointed_face",
    "👺": "goblin",
    "👹": "ogre",
    "👽": "alien",
    "👿": "angry_face_with_horns",
    "😁": "beaming_face_with_smiling_eyes",
    "😃": "grinning_face_with_big_eyes",
    "😄": "grinning_face_with_smiling_eyes",
    "😅": "grinning_face_with_sweat",
    "😆": "grinning_squinting_face",
    "😋": "face_savoring_food",
    "😍": "smiling_face_with_heart_eyes",
    "😓": "downcast_face_with_sweat",
    "😘": "face_blowing_a_kiss",
    "😛": "face_with_tongue",
    "😜": "winking_face_with_tongue",
    "😝": "squinting_face_with_tongue",
    "😤": "face_with_steam_from_nose",
    "😥": "sad_but_relieved_face",
    "😰": "anxious_face_with_sweat",
    "😸": "grinning_cat_with_smiling_eyes",
    "😹": "cat_with_tears_of_joy",
    "😺": "grinning_cat",
    "😻": "smiling_cat_with_heart_eyes",
    "😼": "cat_with_wry_smile",
    "😽": "kissing_cat",
    "😾": "pouting_cat",
    "😿": "crying_cat",
    "🙀": "weary_cat",
    "👊": "oncoming_fist",
    "👆": "backhand_index_pointing_up",
    "👇": "backhand_index_pointing_down",
    "👈": "backhand_index_pointing_left",
    "👉": "backhand_index_pointing_right",
    "👓": "glasses",
    "👟": "running_shoe",
    "👴": "old_man",
    "👵": "old_woman",
    "💃": "woman_dancing",
    "💡": "light_bulb",
    "💤": "zzz",
    "💦": "sweat_droplets",
    "💨": "dashing_away",
    "📈": "chart_increasing",
    "📉": "chart_decreasing",
    "🔊": "speaker_high_volume",
    "🔍": "magnifying_glass_tilted_left",
    "🔎": "magnifying_glass_tilted_right",
    "🔒": "locked",
    "🔓": "unlocked",
    "🔦": "flashlight",
    "🔪": "kitchen_knife",
    "🔴": "red_circle",
    "🔵": "blue_circle",
    "🌇": "sunset",
    "🌍": "globe_showing_europe_africa",
    "🌎": "globe_showing_americas",
    "🌏": "globe_showing_asia_australia",
    "🌽": "ear_of_corn",
    "🌾": "sheaf_of_rice",
    "🍆": "eggplant",
    "🍕": "pizza",
    "🍛": "curry_rice",
    "🍶": "sake",
    "🎁": "wrapped_gift",
    "🎅": "santa_claus",
    "🎇": "sparkler",
    "🎒": "backpack",
    "🎣": "fishing_pole",
    "🎱": "pool_8_ball",
    "🎶": "musical_notes",
    "🎾": "tennis",
    "🎿": "skis",
    "🏀": "basketball",
    "🏃": "man_running",
    "🏄": "man_surfing",
    "🏊": "man_swimming",
    "🐑": "ewe",
    "🐪": "camel",
    "🐫": "two_hump_camel",
    "🙋": "person_raising_hand",
    "🙌": "raising_hands",
    "🙏": "folded_hands",
    "🚨": "police_car_light",
    "🚶": "person_walking",
    "🚴": "person_biking",
    "⚡": "high_voltage",
    "⭐": "star",
    "✅": "check_mark_button",
    "❗": "exclamation_mark",
    "❓": "question_mark",
    "✂": "scissors",
    "☎": "telephone",
}
"""Emoji characters whose Unicode name is not the name of the drawing."""


def sprite_name(text: str) -> str:
    """Return the name of the drawing for a name, an emoji character or an emoticon.

    Case, spaces, hyphens and underscores are ignored. Raises UsageError with similar names if the name is
    unknown.
    """
    written = text.strip()
    emoticon = EMOTICONS.get(_faced(written)) or EMOTICONS.get(written.upper())
    if emoticon is not None:
        return emoticon
    character = written.rstrip("\ufe0f")
    if character in CHARACTERS:
        return CHARACTERS[character]
    unicode_name = unicodedata.name(character, "") if len(character) == 1 and ord(character) > 0xFF else ""
    names = {_folded(name): name for name in sprites()}
    sought = _folded(unicode_name or written)
    for ending in ("", "face", "sign", "symbol", "building"):  # Unicode's bear is a "bear face"
        folded = sought.removesuffix(ending)
        if folded in names:
            return names[folded]
    raise UsageError(f"unknown emoji {text!r}", help=_similar(sought, names))


def _faced(text: str) -> str:
    """Return an emoticon in capital letters and without its nose."""
    return "".join(char for i, char in enumerate(text.upper()) if not (i and char in "-^" and len(text) > 2))


def _folded(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _similar(sought: str, names: dict[str, str]) -> str:
    similar = [name for folded, name in names.items() if len(sought) > 2 and sought in folded]
    similar += [names[each] for each in difflib.get_close_matches(sought, names, n=4, cutoff=0.55)]
    shown = list(dict.fromkeys(similar))[:4] or [
        "smiling_face_with_sunglasses",
        "face_with_tongue",
        "winking_face",
    ]
    emoticons = "or an emoticon: `8)`, `:P`, `;)`, `:)`, `:(`, `:D`, `:O`, `<3`"
    return f"did you mean {', '.join(f'`{name}`' for name in shown)}? Give a name, an emoji, {emoticons}"


@cache
def sprites() -> dict[str, Path]:
    """Return the file of each drawing by its name, smileys first."""
    # The package is found, not imported: its code needs libraries that are not installed.
    package = importlib.util.find_spec("augly")
    folders = [
        Path(folder) / "assets" / "twemojis"
        for folder in (package and package.submodule_search_locations) or ()
    ]
    files = sorted(path for folder in folders for path in folder.glob("*/*.png"))
    if not files:
        raise UsageError(
            "the drawings of emoji are missing", help="install their package: `pip install augly`"
        )
    files.sort(key=lambda path: path.parent.name != "smileys")
    return {path.stem: path for path in files}


def sprite(name: str) -> Drawing:
    """Return the drawing with this name."""
    with PILImage.open(sprites()[name]) as picture:
        return Drawing(picture.convert("RGBA"))

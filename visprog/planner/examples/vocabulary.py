"""What the embedded planner knows of English: the fixed words of the four tasks, and what may stand for them.

Phrases are written without articles, nouns in the singular, as `wording` compares them. A phrase that
begins with `^` counts at the start of an instruction alone.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _same(key: str, words: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), key)


DETERMINERS: dict[str, frozenset[str]] = {
    "": _words("the a an this that these those his her its their my our your"),
    "gqa": _words("any some both either"),
    "nlvr": _words("any some"),
    "knowtag": _words("all every each"),
    "imgedit": _words("all every each both"),
}
"""Words that may be left out or differ, by task; under "" those of every task."""

POSSESSIVES = _words("his her its their")
"""Those that stand for what was named before: where an example has one, an instruction has one too."""

PREPOSITIONS: dict[str, str] = {
    **_same("with", "with by for to into using"),
    **_same("of", "of from"),
    **_same("in", "in at within"),
    **_same("on", "on over onto"),
}
"""Prepositions that may stand for one another, by the one that names their group."""

WORDS: dict[str, dict[str, str]] = {
    "": {
        **_same("image", "picture photo photograph pic snapshot"),
        **_same("images", "pictures photos photographs pics snapshots images"),
        "colour": "color",
        "colours": "color",
        "colors": "color",
        **_same("be", "is are"),
        "'s": "'s",
        "&": "and",
    },
    "gqa": {
        "scene": "image",
        "which": "what",
        **_same("do", "do does"),
        **_same("Crop", "near beside alongside"),
        **_same("fewer", "fewer less"),
    },
    "nlvr": {
        **_same("contain", "contains contain shows show has have features feature includes include"),
        **_same("and", "while whereas"),
        **_same("do", "do does"),
        **_same("total", "total altogether combined together overall"),
        **_same("fewer", "fewer less"),
    },
    "knowtag": {
        **_same("tag", "label annotate mark"),
        "identify": "identify",
        **_same("write", "write put attach stick"),
        "find": "find",
        **_same("blur", "defocus"),
        "faces": "face",
        "backdrop": "background",
    },
    "imgedit": {
        **_same("hide", "cover obscure conceal censor mask disguise"),
        **_same("replace", "swap change exchange turn transform convert"),
        **_same("put", "place stick"),
        **_same("make", "create generate produce do"),
        **_same("keep", "preserve leave"),
        **_same("remove", "remove delete erase"),
        **_same("gray", "grey grayscale greyscale colorless monochrome"),
        **_same("blur", "defocus"),
        **_same("tag", "label mark annotate"),
        **_same("except", "but besides"),
        **_same("crop", "trim"),
        **_same("part", "area region section"),
        "faces": "face",
        "backdrop": "background",
        "colorpop": "color-pop",
    },
}
"""Words that stand for a fixed word, by task; under "" those of every task."""

RELATIONS: dict[str, tuple[str, ...]] = {
    "CropLeft": ("to left of", "to left side of", "on left of", "on left side of", "left of", "at left of"),
    "CropRight": (
        "to right of",
        "to right side of",
        "on right of",
        "on right side of",
        "right of",
        "at right of",
    ),
    "CropAbove": ("above", "higher than", "higher up than", "on top of"),
    "CropBelow": ("below", "under", "underneath", "beneath", "lower than", "lower down than"),
    "CropInFront": ("in front of",),
    "CropBehind": ("behind", "in back of"),
    "CropAhead": ("ahead of",),
    "Crop": ("next to", "close to", "inside of", "inside"),
}
"""How instructions say what the tools of the Crop family do."""

DIRECTIONS = _words("CropLeft CropRight CropAbove CropBelow")
"""Those that leave the thing itself out, or half of it: what else is there can be asked of what remains."""

LOOSE_RELATIONS: dict[str, dict[str, str]] = {
    "gqa": {"over": "CropAbove", "on": "Crop", "in": "Crop", "by": "Crop"},
    "nlvr": {"over": "CropAbove"},
}
"""Relations in some tasks only, and only before `the` and its like: 'the cup on the table'."""

HALVES: dict[str, tuple[str, ...]] = {
    "LEFT": ("left", "left-hand"),
    "RIGHT": ("right", "right-hand"),
    "TOP": ("top", "upper"),
    "BOTTOM": ("bottom", "lower"),
}

BEFORE_HALVES: dict[str, tuple[str, ...]] = {"gqa": ("in", "on", "at"), "imgedit": ("to",)}
"""What stands before a half of the picture, by task."""

PHRASES: dict[str, dict[str, str]] = {
    "": {f"{what} can": f"{what}-can" for what in "trash garbage rubbish tin soda beer watering".split()},
    "gqa": {
        "how many": "how-many",
        "^count": "how-many",
        "^count number of": "how-many",
        "^what be number of": "how-many",
        "^what be total number of": "how-many",
        "^what number of": "how-many",
        "^tell me how many": "how-many",
        "^let me know how many": "how-many",
        "^how many more": "how-many-more",
        "by how many": "by-how-many",
        "^be there": "is-there",
        "^be it true there be": "is-there",
        "^be it right there be": "is-there",
        "^can you find": "is-there",
        "^can you count": "is-there",
        "^do you see": "is-there",
        "^can you see": "is-there",
        "^do image contain": "is-there",
        "^do image show": "is-there",
        "^do image have": "is-there",
        "to left or to right of": "left-or-right",
        "on left or on right of": "left-or-right",
        "to left or right of": "left-or-right",
        "on left or right of": "left-or-right",
        "left or right of": "left-or-right",
        "above or below": "above-or-below",
        "as well as": "and",
        "and also": "and",
        "but no": "but-no",
        "but not": "but-no",
        "and no": "but-no",
    },
    "nlvr": {
        "left and right image": "images",
        "left and right images": "images",
        "left image and right image": "images",
        "two images": "images",
        "2 images": "images",
        "pair of images": "images",
        "image pair": "images",
        "images": "images",
        "both of images": "each-image",
        "both images": "each-image",
        "both left and right image": "each-image",
        "left and right image both": "each-image",
        "images both": "each-image",
        "both left and right images": "each-image",
        "each image": "each-image",
        "images each": "each-image",
        "two images each": "each-image",
        "left and right images each": "each-image",
        "left and right image each": "each-image",
        "each of images": "each-image",
        "each of two images": "each-image",
        "every image": "each-image",
        "all images": "each-image",
        "all of images": "each-image",
        "in total": "total",
        "in all": "total",
        "but no": "but-no",
        "but not": "but-no",
        "and no": "but-no",
        "but there be no": "but-no",
        "but there be not": "but-no",
        "you can see": "you-see",
        "you see": "you-see",
        "one can see": "you-see",
        "one see": "you-see",
        "one can count": "you-see",
        "one can find": "you-see",
        "first image": "side:LEFT",
        "second image": "side:RIGHT",
        "left image": "side:LEFT",
        "left one": "side:LEFT",
        "left": "side:LEFT",
        "left-hand image": "side:LEFT",
        "image on left": "side:LEFT",
        "right image": "side:RIGHT",
        "right one": "side:RIGHT",
        "right": "side:RIGHT",
        "right-hand image": "side:RIGHT",
        "image on right": "side:RIGHT",
        "do not contain": "lack",
        "doesn't contain": "lack",
        "don't contain": "lack",
        "twice as many": "twice",
        "same number of": "same-number",
        "equal number of": "same-number",
        "equally many": "same-number",
        "as many": "as-many",
        "^neither image": "neither",
        "^neither of images": "neither",
        "^neither of two images": "neither",
        "^none of images": "neither",
        "^no image": "neither",
        "at least one of images": "some-image",
        "at least one of two images": "some-image",
        "at least one image": "some-image",
        "exactly one of images": "one-image",
        "exactly one of two images": "one-image",
        "exactly one image": "one-image",
        "only one of images": "one-image",
        "only one image": "one-image",
        "only one of two images": "one-image",
        "just one of images": "one-image",
        "just one of two images": "one-image",
        "just one image": "one-image",
        "^one image": "an-image",
        "in one image": "in-one-image",
        "^one of images": "an-image",
        "^one of two images": "an-image",
    },
    "knowtag": {
        "^name": "identify",
        "with name": "with-names",
        "by name": "with-names",
        "with tag": "with-tag",
        "with labeled box": "with-tag",
        "add name tag to": "tag",
        "add tag to": "tag",
        "write name tag on": "tag",
        "write tag on": "tag",
        "draw box with tag around": "tag",
        "draw labeled box around": "tag",
        "and tag it": "and-tag",
        "and tag them": "and-tag",
        "next to": "next-to",
        "apart with tag": "apart-with-tags",
        "with what it be": "what-they-are",
        "with what they be": "what-they-are",
        "by what it be": "what-they-are",
        "by what they be": "what-they-are",
        "what it be": "what-they-are",
        "what they be": "what-they-are",
        "everything else": "rest",
        "rest of image": "rest",
        "rest": "rest",
    },
    "imgedit": {
        "color pop": "color-pop",
        "color-pop": "color-pop",
        "color splash": "color-pop",
        "color pop effect": "color-pop",
        "color pop image": "color-pop",
        "color pop version": "color-pop",
        "cover up": "hide",
        "blur out": "blur",
        "cut out": "crop",
        "crop image": "crop",
        "crop down": "crop",
        "get rid of": "remove",
        "except for": "except",
        "other than": "except",
        "apart from": "except",
        "everything behind": "background-behind",
        "what be behind": "background-behind",
        "background behind": "background-behind",
        "background around": "background-behind",
        "background of": "background-behind",
        "everything else": "rest",
        "all else": "rest",
        "rest of image": "rest",
        "rest": "rest",
        "make everything": "make-all",
        "replace everything": "make-all",
        "keep only": "keep",
        "make everything else": "make-rest",
        "make rest": "make-rest",
        "make rest of image": "make-rest",
        "make all else": "make-rest",
        "replace rest": "make-rest",
        "replace everything else": "make-rest",
        "black and white": "gray",
    },
}
"""Phrases that are one fixed word, by task; under "" those of every task."""

FILLERS: dict[str, tuple[str, ...]] = {
    "": (
        "^please",
        "^kindly",
        "^now",
        "^can you",
        "^could you",
        "^would you",
        "^can you please",
        "^could you please",
        "^i want you to",
        "^i want to",
        "^i would like you to",
        "^i would like to",
        "please",
        "in image",
        "within image",
    ),
    "gqa": (
        "on image",
        "be in image",
        "be there",
        "there be",
        "there be in image",
        "be there in image",
        "be visible",
        "be visible in image",
        "be shown",
        "be shown in image",
        "can be seen",
        "can be seen in image",
        "be present",
        "be present in image",
        "do image contain",
        "do image show",
        "do image have",
        "can you see",
        "can you see in image",
        "do you see",
        "do you see in image",
        "can you count",
        "do you count",
        "do you count in image",
        "in total",
        "in all",
        "all together",
        "altogether",
        "that be",
        "that you see",
    ),
    "nlvr": (),
    "knowtag": (),
    "imgedit": ("on image", "of image", "from image", "each of", "all of"),
}
"""Phrases that say nothing, by task; under "" those of every task."""

EXISTS = ("be there", "be in image", "be visible", "be shown", "be present")
"""Fillers that may stand where a fixed `is` or `are` does."""

QUANTIFIERS: dict[str, str] = {
    "exactly": "==",
    "precisely": "==",
    "only": "==",
    "just": "==",
    "at least": ">=",
    "no fewer than": ">=",
    "no less than": ">=",
    "at most": "<=",
    "no more than": "<=",
    "more than": ">",
    "fewer than": "<",
    "less than": "<",
}
"""How instructions say what the comparisons of Eval do with the number that follows."""

_COUNTED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
NUMBERS: dict[str, int] = {word: number for number, word in enumerate(_COUNTED.split())}
NUMBERS |= {"single": 1, "dozen": 12, "thirty": 30, "forty": 40, "fifty": 50}
"""Numbers in words."""

"""The meaning of words in instructions: words that need no step, and words for pictures and tools."""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    """
    a an the this that these those it its they them their theirs he him his she her hers i me my mine we
    us our you your who whom whose which what when where why how there here someone something anyone
    anything everyone everything one ones thing things stuff some any other others another such own same
    self am is are was were be been being do does did done doing have has had having can could will
    would shall should may might must need let lets want wants like wish please kindly just only so then
    also too well really very quite rather ok okay hey hi hello thanks thank and or but if than as of in
    on at to from by for with into onto about over within per out up off not no n't don't doesn't didn't
    isn't aren't wasn't weren't hasn't haven't can't cannot couldn't won't image images picture pictures
    photo photos photograph photographs pic pics shot scene view frame camera see seen seeing show shows
    shown showing look looks looking visible appear appears appearing contain contains containing
    include includes including feature features depict depicts find tell give say know answer check kind
    type sort part side area place spot all every each nor while whereas pixel pixels make makes turn
    turned create effect
    """.split()
)
"""Words that need no step of their own."""

HALF_WORDS = {
    "TOP": ("half", "top", "upper", "above"),
    "BOTTOM": ("half", "bottom", "lower", "below"),
    "LEFT": ("half", "left"),
    "RIGHT": ("half", "right"),
}
"""The words for halves of a picture."""

INPUT_WORDS = {
    "LEFT": ("left", "first", "lefthand"),
    "RIGHT": ("right", "second", "righthand"),
}
"""The words for pictures, besides their names."""

NUMBER_WORDS = {
    "none": 0,
    "no": 0,
    "single": 1,
    "once": 1,
    "first": 1,
    "pair": 2,
    "couple": 2,
    "both": 2,
    "twice": 2,
    "double": 2,
    "half": 2,
    "second": 2,
    "third": 3,
    "thrice": 3,
    "triple": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
}
"""Words for numbers, besides 'zero', 'one', 'two' and so on."""

_WORDS = """
Loc: where locate detect spot position
FaceDet: face faces person people man woman head
Seg: segment object
Filter: except without other than but excluding not all every each
Classify: name identify who recognise recognize label call called species brand
Caption: describe caption description happening going on
Colour: colour color shade hue
ReadCode: qr bar code barcode scan read link
Replace: change turn swap make substitute exchange convert transform put remove erase delete rid get take
  away eliminate instead clean paint fill disappear gone lose into become
ColorPop: except besides apart colour color colorful colored coloured colourful selective splash keep
  leave stay rest everything background black white grey gray greyscale grayscale monochrome desaturate
  make create only remaining else
BgBlur: behind backdrop except besides apart blur blurred blurry background bokeh focus defocus sharp
  depth field soft portrait mode rest everything make create keep leave surroundings else effect
Blur: hide obscure censor anonymise anonymize conceal unrecognisable unrecognizable privacy private make
  blurry blurred smudge
Pixelate: pixel pixels pixelated hide obscure censor anonymise anonymize conceal mosaic block blocks
  privacy make
Cutout: except besides apart cut extract isolate transparent remove background keep sticker delete erase
  rest separate everything
Tag: label name mark annotate box boxes identify point highlight put write draw tell who recognise
  recognize title caption tags add
Outline: mark contour border edge edges highlight draw number numbers trace around line
Emoji: emojis cover hide put place stick smiley face sticker paste replace obscure conceal add over top
  with censor
Crop: near next beside by cut zoom trim close closeup around focus
CropInFront: front before ahead foreground
CropBehind: behind back background rear
CropAhead: ahead front
CropLeft: left
CropRight: right
CropAbove: above over top higher on
CropBelow: below under beneath underneath bottom lower
CropAround: near next beside close by around adjacent nearby alongside surrounding
CropEach: each every all any individual
Region: here point box
Sort: order arrange from to
Without: except without but excluding not other than minus
Both: and both together
Measure: bigger larger smaller taller wider higher longer size big large small tall wide share percent
  fraction area
Labels: list name names which what
List: all every each main characters members parts
Count: how many number count amount total are there exist exists more fewer less most least equal same
  exactly only multiple several empty
Eval: more less fewer greater than equal same number at least most exactly both either neither and or not
  no different total together all any every each none true false only altogether sum difference twice
  double half many as much
"""

TOOL_WORDS = {
    tool: tuple(words.split())
    for tool, _, words in (line.partition(":") for line in _WORDS.replace("\n  ", " ").split("\n"))
}
"""Words that a tool stands for, besides its name and its aliases."""

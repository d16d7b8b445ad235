"""Classes of English words that tell the embedded planner what may fill a slot, and what may not."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUESTION_WORDS = _words("what which who whose where when why how be do has have was were did")
"""Words that begin a question."""

STRUCTURE = _words(
    """
    and or but then while if unless because so than as nor plus versus vs not no never none nothing
    without except besides neither nor only just also too again instead twice once more most less least
    fewer fewest many much few several another other others same different distinct such both either each
    every all any some everything something anything everyone someone anyone everybody nobody it they them
    he him she i me we us you one ones itself himself herself themselves who whom whose which what where
    when why how that there here be am was were been being do did done has have had can could will would
    shall should may might must first second third fourth fifth last next previous final leftmost
    rightmost topmost nearest closest farthest furthest biggest largest smallest tallest shortest highest
    lowest oldest youngest longest best worst middle between among amongst against across around along
    opposite toward towards throughout outside beyond until after before during since like unlike slightly
    very much please 's left right upside
    """
)
"""Words that bear on the meaning of a whole instruction: no slot may swallow one."""

ACTIONS = _words(
    """
    add adjust animate apply blur brighten bring center change clean clear colorize colourize combine
    compress conceal convert copy cover create crop cut darken decrease delete denoise describe
    desaturate detect draw duplicate edit enhance enlarge erase erode export extract fade fill filter
    find flip generate give hide highlight improve increase inpaint insert invert keep label lighten
    load locate lower make mark mask merge move name open outline overlay paint paste pixelate place
    play print produce put raise recolor reduce remove render replace resize restore retouch rotate save
    saturate scale segment select send shade sharpen shift show shrink sketch smooth solarize split
    straighten stretch swap tag take tell tilt tint transform translate trim turn undo unblur upload
    upscale warp watermark write zoom
    """
)
"""Verbs that begin another instruction."""

ABSTRACT = _words(
    """
    angle atmosphere aspect background brightness color colour contrast day daytime night exposure format hue
    image images language order lighting mood orientation perspective pose position resolution
    saturation season shape size style temperature time title tone view weather quality name breed
    species kind type sort variety brand model emotion age gender location center centre corner edge word
    noise grain
    """
)
"""What no region of a picture shows: never the object of an edit."""

PARTS = _words(
    """
    top bottom left right upper lower half third quarter side middle center centre corner edge end part area
    region section portion square circle rectangle portrait landscape panorama banner strip ratio size pixel
    """
)
"""Words that name no thing by themselves but a part or a form of the picture: 'the top', 'a square'."""

NAMED = _words(
    """
    planet moon constellation continent country state city capital island mountain peak volcano river lake
    bridge tower pyramid castle palace temple church cathedral mosque monument statue building skyscraper
    landmark wonder museum stadium galaxy dinosaur dwarf turtle
    """
)
"""Things that have names of their own: a list of them can be known."""

NAMED_ONLY = _words(
    """
    planet constellation continent country state city capital wonder galaxy president month landmark dwarf
    part piece element detail component thing object item ingredient bone organ muscle
    """
)
"""Those of which nobody wants to be told what kind of thing they are, and words that tell of no kind."""

NOUNS_TOO = _words(
    """
    change clean clear copy cover crop cut draw fade fill filter find flip highlight label lower make
    mark mask name open outline overlay paint paste place play print scale segment set shade shift show
    sketch split stretch tag tilt tint trim turn watermark zoom light
    """
)
"""Those of `ACTIONS` that are nouns or adjectives as well."""

GENERIC = _words(
    """
    animal mammal insect vehicle boat plant flower fruit vegetable food building tool utensil instrument
    furniture appliance machine device weapon toy drink person
    """
)
"""Nouns for several sorts of things: a segmenter names the sort, and what sets sorts apart can be known."""

TRAITS = _words("color size shape material texture pattern brand breed style")
"""What is asked of a thing itself, as it looks."""

MASS = _words("food furniture equipment cutlery luggage")
"""Nouns that mean several without a plural."""

COLORS = _words(
    "red green blue yellow orange black white brown gray grey purple violet pink beige golden silver"
)
"""Colors in one word."""

LY = _words(
    """
    family butterfly fly dragonfly firefly belly lily jelly ally bully assembly curly friendly ugly
    silly lonely jolly woolly hilly smelly elderly lovely early daily holy trolly bubbly wrinkly cuddly
    live
    """
)
"""Words in -ly that are no adverbs."""

PLURAL_MODIFIERS = frozenset(("sports", "clothes", "news", "goods", "glasses"))
"""Plurals that may stand before a noun: after any other, a verb is more likely."""

ROLES = _words(
    """
    actor actress artist astronaut athlete author band-member bandmate champion character chancellor
    comedian composer conductor contestant cosmonaut crew dancer director driver explorer finalist
    founder general guitarist hero host inventor judge king laureate lead leader member minister
    musician nominee novelist painter philosopher physicist player poet politician president protagonist
    prince princess queen rapper scientist senator singer sibling brother sister songwriter star tenor
    villain winner writer chemist mathematician
    """
)
"""People as knowledge lists them: they are found by their faces."""

SOURCES = _words("tv show movie film series sitcom band team cast studio club system")
"""Nouns that mark a phrase as a matter of knowledge where nothing in it is capitalised."""

FOREIGN = _words(
    """
    der die das den dem ein eine einen und mit im le la les un une des du et avec dans el los las una y
    con il lo gli och med den det ett een het van op met por para auf ist sind est sont
    """
)
"""Small words of other languages: a slot with one of them was not written in English."""

PARTICLES = _words("van von de da del der di la le of the al bin ibn")
"""Small words inside names."""

ADJECTIVES = _words(
    """
    open closed shut empty full red green blue yellow black white brown gray grey purple pink beige
    golden dark bright big small large tall short long wide narrow thick thin clean dirty wet dry young
    old new happy sad alone awake asleep visible ripe raw hot cold warm heavy loose tight wooden
    metallic plastic striped transparent dead alive ready upside down up away on off
    """
)
"""Words that say what a noun is, and don't end one."""

NOUNS_LIKE_VERBS = _words(
    """
    painting building ceiling king ring string swing wing earring clothing railing thing evening wedding
    spring sling awning drawing dressing icing lightning morning crossing landing parking duckling
    sapling dumpling siding sing flooring helping lettering roofing stocking viking wiring bed shed seed
    sled weed reed moped steed breed hundred
    """
)
"""Nouns that look like a verb's form."""

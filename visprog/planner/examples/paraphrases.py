"""Sentences that say the same: where an example is worded as one of a group, it may be worded as the others.

A capital letter stands for the same words in each sentence of a group: S and T for the name of a picture, H
for its half, R and Q for relations, and the others for things and what is said of them. Sentences are read as
instructions are: synonyms, articles and fillers need not be written out.
"""

from __future__ import annotations

_PLACES = ("S", "each image", "at least one of the images", "exactly one of the images")

GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "gqa": (
        ("Is there X", "Is X visible", "Is X to be seen"),
        ("Is there X H", "H, is there X", "Is X visible H"),
        ("How many X are H", "H, how many X are there"),
        (
            "Are there as many X as Y",
            "Are there equally many X and Y",
            "Are there the same number of X and Y",
            "Is the number of X and Y the same",
            "Is the number of X equal to the number of Y",
            "Is the number of X the same as the number of Y",
        ),
        ("Are there more X than Y", "Are there fewer Y than X"),
        (
            "Are there more X or Y",
            "Are there more X or more Y",
            "What are there more of, X or Y",
        ),
        ("How many more X than Y are there", "By how many do the X outnumber the Y"),
        ("What Z is X", "What is the Z of X", "What Z does X have"),
        (
            "Is X C",
            "Does X look C",
            "Is the color of X C",
            "Is X C in color",
            "Is it true that X is C",
            "Does X have the color C",
        ),
        (
            "Is X C or D",
            "Is X C or is it D",
            "What color is X, C or D",
            "What color does X have, C or D",
            "X: is it C or D",
            "Does X look C or D",
        ),
        (
            "Do X and Y have the same Z",
            "Are X and Y the same Z",
            "Are X and Y of the same Z",
            "Do X and Y share the same Z",
            "Is the Z of X the same as the Z of Y",
            "Does X have the same Z as Y",
            "Is X the same Z as Y",
            "Is X of the same Z as Y",
        ),
        (
            "Is X to the left or to the right of Y",
            "Does X stand to the left or to the right of Y",
            "Do you see X to the left or to the right of Y",
            "On which side of Y is X, left or right",
            "Which side of Y is X on, left or right",
        ),
        (
            "Is X above or below Y",
            "Is X above Y or below it",
            "Does X stand above or below Y",
            "Do you see X above or below Y",
            "Where is X, above or below Y",
        ),
        (
            "Is there X R Y and Z Q it",
            "Is there X R Y and Z Q Y",
            "Is X R Y and Z Q it",
            "Is X R Y and Z Q Y",
        ),
    ),
    "nlvr": (
        (
            "There are a total of X",
            "There are X in total",
            "In total there are X",
            "The images contain X in total",
            "Together the images contain X",
            "Counting both images, there are X",
        ),
        *(
            (
                f"{place} contain X",
                f"There is X in {place}",
                f"In {place} there is X",
                f"X can be seen in {place}",
                f"X is in {place}",
                f"You see X in {place}",
                f"In {place} you see X",
                f"{place} has X in it",
            )
            for place in _PLACES
        ),
        (
            "S contains X and T contains Y",
            "S contains X, T contains Y",
            "S contains X, T Y",
            "There are X in S and Y in T",
            "In S there are X and in T Y",
            "In S there are X and in T there are Y",
            "In S you see X and in T Y",
            "On S sees X and on T Y",
        ),
        (
            "S contains X but no Y",
            "There are X but no Y in S",
            "In S there are X but no Y",
            "You see X but no Y in S",
            "S has X in it but no Y",
        ),
        (
            "There are the same number of X in both images",
            "Both images contain the same number of X",
            "The images contain the same number of X",
            "The number of X is the same in both images",
            "There are as many X in the left image as in the right image",
            "The left image contains as many X as the right image",
            "The images do not differ in their number of X",
        ),
        *(
            (
                f"S contains {more} X than T",
                f"There are {more} X in S than in T",
                f"In S there are {more} X than in T",
                f"You see {more} X in S than in T",
                f"{more} X are in S than in T",
            )
            for more in ("more", "fewer")
        ),
        *(
            (
                caption,
                f"There is {caption}",
                f"A picture of {caption}",
                f"The picture shows {caption}",
                f"You see {caption}",
                f"{caption} in one picture",
            )
            for caption in ("X", "X R Y")
        ),
        ("X R Y", "X is R Y", "R Y there is X", "R Y is X"),
        (
            "The X is C and the Y is D",
            "C X and D Y",
            "There is C X and D Y",
            "A picture of C X and D Y",
            "The picture shows C X and D Y",
            "You see C X and D Y",
            "C X in the same picture as D Y",
        ),
    ),
    "knowtag": (
        (
            "Tag X",
            "Tag X with their names",
            "Tag X with labels",
            "Find X and tag them",
            "Write their names on X",
            "Attach their names to X",
            "Write their names next to X",
            "Draw boxes around X and tag them",
            "Show with labels where X are",
            "Point out X with labeled boxes",
        ),
        (
            "Tag X by what they are",
            "Write on X what they are",
            "Write next to X what they are",
            "Tell X apart with tags",
        ),
        ("Tag every X with its name", "Identify X", "Write the right name on X", "Write its name on X"),
    ),
    "imgedit": (
        (
            "Replace X with Y",
            "Put Y in place of X",
            "Put Y where X is",
            "I want Y instead of X",
            "Paint Y where X is",
            "Paint Y instead of X",
        ),
        ("Remove X", "Take X out", "Take X away", "Clear X away", "Make X disappear", "Make X vanish"),
        (
            "Make a color pop of X",
            "Keep X in color",
            "Make everything gray except X",
            "Make everything except X gray",
            "Keep X in color and make the rest gray",
            "Show X in color and the rest in gray",
            "Take the color out of everything except X",
            "Keep X as the only color",
        ),
        (
            "Blur the background behind X",
            "Blur everything except X",
            "Blur all that is not X",
            "Keep X sharp and blur the rest",
            "Keep X in focus and blur the rest",
            "Put X in focus and blur the rest",
            "Make the background behind X blurry",
            "Let X stand out from a blurred background",
        ),
        (
            "Hide the face of X with Y",
            "Let Y hide the face of X",
            "Make the face of X unrecognizable with Y",
        ),
        ("Hide the face with Y", "Hide the face behind Y", "Hide the face of all people with Y"),
    ),
}
"""The groups of each task. A sentence may belong to several."""

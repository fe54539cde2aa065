"""Closed word classes; every word outside the lexicon is a noun.

Closed classes (determiners, prepositions, negations) are complete. Open classes (nouns,
adjectives) list common words, and suffix rules in ``morphology`` widen them.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = frozenset[str]
Phrases = dict[str, dict[str, list[tuple[tuple[str, ...], str]]]]


def word_list(text: str) -> list[str]:
    """Return the words of ``text`` in their order."""
    return text.split()


def word_set(text: str) -> Words:
    """Return the words of ``text``."""
    return frozenset(word_list(text))


def word_map(table: Mapping[str, str]) -> dict[str, str]:
    """Return {word: key} of a table {key: "word word"}."""
    return {word: key for key, words in table.items() for word in words.split()}


def phrase_table(table: Mapping[str, str]) -> Phrases:
    """Return the phrases of {kind: "phrase, phrase"} by first and second word, longest first.

    The second key is "" for one-word phrases. Two keys keep the search short.
    """
    found: Phrases = {}
    for kind, listing in table.items():
        for phrase in listing.split(","):
            words = tuple(phrase.split())
            second = words[1] if len(words) > 1 else ""
            found.setdefault(words[0], {}).setdefault(second, []).append((words, kind))
    for by_second in found.values():
        for rows in by_second.values():
            rows.sort(key=lambda row: -len(row[0]))
    return found


# --- closed classes ---
ARTICLES = word_set("the a an teh")
DEMONSTRATIVES = word_set("this that these those")
POSSESSIVES = word_set("my your his her its our their yer")
QUANTIFIERS = word_set("""
    all both every each any some several many few which what whichever either another no
""")
DETERMINERS = ARTICLES | DEMONSTRATIVES | POSSESSIVES | (QUANTIFIERS - {"no"})
CARDINALS = {word: value for value, word in enumerate(word_list("""
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty
"""))}  # fmt: skip
CARDINALS.update(thirty=30, forty=40, fifty=50, hundred=100, dozen=12)
ORDINALS = {word: value for value, word in enumerate(word_list("""
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""), start=1)}  # fmt: skip
ORDINALS.update({"last": -1, "final": -1, "second-to-last": -2, "next-to-last": -2,
                 "second-last": -2, "penultimate": -2, "third-to-last": -3})  # fmt: skip
ORDINAL_COMPOUNDS = {("first", "aid"), ("first", "class"), ("first", "base"), ("second", "base"),
                     ("third", "base"), ("first", "responder"), ("last", "name")}  # fmt: skip
CLOCKS = word_set("watch clock stopwatch timer wristwatch")
OBJECT_PRONOUNS = word_set("me us him them it her you himself herself itself themselves mine yours")
VIEWERS = word_set("me us you camera robot viewer we myself yourself lens observer")
SUBJECTS = word_set("i you we he she they someone somebody")
SUBORDINATORS = word_set("when whenever while because cause if unless although whilst cos")
CLAUSE_PRONOUNS = word_set("it they he she this that those these")
RELATIVES = word_set("that which who whom whose where")
PEOPLE_RELATIVES = word_set("who whom")
LINKING = word_set("is are was were be been being am looks look looked seems seem appears")
AUXILIARIES = word_set("has have had having does do did can could will would should may might")
HAVING = word_set("""
    has have had having got with wearing wears wear holding holds hold carrying carries carry
    containing contains contain includes including featuring bearing sporting clutching
""")
NEGATORS = word_set("not n't never neither nor without except excluding no minus")
NEGATIVE_PHRASES = phrase_table({
    "except": """
        except for, except, other than, apart from, aside from, rather than, instead of, excluding,
        anything but
    """,
    "without": "without, with no, with out, minus",
    "not": """
        no longer, not yet, no more, missing a, missing an, missing its, missing his, missing her,
        missing the, missing their, missing one, lacking, lacking a, lacking an, lacking its
    """,
})  # fmt: skip
SOUNDS = word_set("uh um er erm ah hmm hm mm eh huh uhm uhh umm ehm")
FILLERS = SOUNDS | word_set("""
    oh like well so ok okay yeah yep yes actually basically maybe perhaps please kindly pls plz
    thanks thank cheers alright right-o then now again
""")
HESITATIONS = SOUNDS | {"oh", "please", "pls", "plz"}
DEGREE = word_set("""
    very really quite so too rather fairly extremely super slightly somewhat pretty bit more most
    just almost totally completely absolutely kinda sorta truly
""")
INTENSIFIERS = word_set("""
    right directly just immediately straight exactly all very only somewhere way located quite
    really halfway midway partway
""")
ADVERBS = word_set("""
    yesterday today tonight tomorrow earlier currently recently already still here there now again
    just always once ago later too also instead together alone down up away back around along out
    aside over off though either anyway somewhere straight slightly directly immediately right only
    even first else
""")
CLOSING = word_set("""
    yesterday today tonight tomorrow here there now again already yet gone up down away out along
    too thanks please pls plz okay ok thank anywhere somewhere maybe perhaps possibly probably then
    instead asap immediately
""")
TIME_PHRASES = phrase_table({
    "": """
        at the moment, right now, right here, right there, over there, over here, up there, down
        there, out there, in there, back there, this morning, this afternoon, this evening, last
        night, last week, a minute ago, a moment ago, just now, for me, for us, to me, to us, for
        now, if you can, if possible, if you could, when you can, will you, would you, could you,
        can you, thank you, thank you so much, thank you very much, thanks a lot, thanks so much,
        thanks very much, many thanks, if you please, of mine, of yours, of them, of those, of all,
        you know, i mean, i think, i guess, i believe, sort of, kind of, as well, in a row, from
        here, for a moment, at all, by itself, on its own, all alone, in total, in there, as quickly
        as possible, with you, real quick, real fast, real soon, or so, or something, or whatever,
        right away, straight away, in one piece, with care, with caution, with both hands, as soon
        as possible, as soon as you can, as fast as you can, but be careful, and be careful, be
        careful, up high, to be picked, to be picked up, to be grasped, to be grabbed, to be moved,
        that is visible, which is visible
    """,
})  # fmt: skip
PICTURES = word_set("picture image photo photograph scene shot pic")
VIEW = PICTURES | word_set("frame screen view camera display video")

# --- positions, superlatives, ordinals ---
POSITIONS = word_map({
    "left": "left lefthand left-hand leftward leftside left-side",
    "right": "right righthand right-hand rightward rightside right-side",
    "top": "top upper",
    "bottom": "bottom lower",
    "middle": "middle center centre central mid",
    "front": "front foreground",
    "back": "back background rear",
})  # fmt: skip
POSITION_NOUNS = word_set("""
    side corner part half end row area section region portion hand edge third quadrant line zone
    position location spot
""")
SUPERLATIVES = word_map({
    "left": "leftmost left-most leftest",
    "right": "rightmost right-most rightest",
    "top": "topmost uppermost highest top-most upmost higher",
    "bottom": "lowest bottommost lowermost bottom-most undermost",
    "big": "biggest largest bigger larger greatest hugest bulkiest heftiest",
    "small": "smallest smaller tiniest littlest tinier littler teeniest",
    "near": "closest nearest nearer closer frontmost front-most",
    "far": "farthest furthest farther further furthermost remotest backmost rearmost hindmost",
    "tall": "tallest taller longest longer",
    "short": "shortest shorter",
    "wide": "widest wider broadest broader thickest thicker fattest fatter",
    "thin": "narrowest narrower thinnest thinner slimmest slimmer skinniest skinnier",
})  # fmt: skip
COMPARATIVES = word_map({
    "bigger_than": "bigger larger taller wider longer thicker broader fatter greater higher",
    "smaller_than": "smaller shorter narrower thinner tinier slimmer littler skinnier lower",
})  # fmt: skip
COMPARATIVES.update(higher="above", lower="below", closer="in_front_of", nearer="in_front_of",
                    farther="behind", further="behind")  # fmt: skip
EXTREMES = word_set("far very extreme furthest farthest utmost most way")
ORDINAL_SIDES = {"left": "left", "right": "right", "top": "top", "bottom": "bottom",
                 "front": "near", "back": "far", "near": "near", "far": "far"}  # fmt: skip
PICTURE_SIDES = ("left", "right", "top", "bottom")
OPPOSITE = {"left": "right", "top": "bottom", "near": "far", "big": "small", "tall": "short",
            "wide": "thin"}  # fmt: skip
OPPOSITE.update({second: first for first, second in OPPOSITE.items()})

# --- relations ---
RELATIONS = phrase_table({
    "left_of": """
        to the left of, on the left of, at the left of, left of, to left of, on left of, to the left
        side of, on the left side of, on the left hand side of, to the immediate left of, leftward
        of, at left of, just left of, on left side of, to left side of, on left hand side of, at the
        left side of, on the left-hand side of, lefthand of, further left than, farther left than,
        more left than, more to the left than
    """,
    "right_of": """
        to the right of, on the right of, at the right of, right of, to right of, on right of, to
        the right side of, on the right side of, at right of, on the right hand side of, to the
        immediate right of, just right of, on right side of, to right side of, on right hand side
        of, at the right side of, on the right-hand side of, righthand of, further right than,
        farther right than, more right than, more to the right than
    """,
    "above": "above, over, higher up than",
    "below": "below, lower down than",
    "under": "under, underneath, beneath, under neath",
    "in_front_of": """
        in front of, in the front of, infront of, ahead of, in front, opposite, across from, before,
        to the front of, closer to me than, closer to us than, closer to you than, closer to the
        camera than, closer to the robot than, nearer to me than, nearer to us than, nearer to you
        than, nearer to the camera than, nearer to the robot than
    """,
    "behind": """
        behind, in back of, in the back of, beyond, past, after, to the back of, to the rear of,
        further away than, farther away than, further back than, farther back than
    """,
    "inside": """
        in, inside, inside of, within, into, out of, in the inside of, on the inside of
    """,
    "on": """
        on, on top of, atop, atop of, upon, onto, on to, off, off of, on the top of, ontop of,
        ontop, riding on, riding, rides, supported by
    """,
    "next_to": """
        next to, beside, besides, adjacent to, alongside, by, against, along, nextto, to the side
        of, by the side of, at the side of, next, bordering, neighbouring, neighboring, adjoining,
        abutting, side by side with, in contact with
    """,
    "near": """
        near, near to, nearby, close to, close by, around, at, in the vicinity of, not far from,
        about, in proximity to, in close proximity to
    """,
    "far_from": "far from, away from, far away from",
    "between": """
        between, in between, inbetween, among, amongst, amid, in the middle between, in the gap
        between, in the space between, flanked by, bounded by
    """,
    "with": """
        with, full of, filled with, covered with, covered in, topped with, loaded with, made up of,
        along with, filled by, together with
    """,
    "of": "of",
    "to": "to, toward, towards",
    "from": "from",
    "": """
        for, via, through, during, since, until, across, as, like, than, per, out, outside, outside
        of, because of, due to
    """,
})  # fmt: skip
GOAL_ONLY = word_set("into onto to toward towards")
UNITS = word_set("""
    mm cm m km inch inches foot ft meter metre liter litre ml kg g gram lb pound oz ounce gallon
    volt watt amp v w percent
""")
PLACEMENT = word_set("""
    sitting standing lying laying resting hanging leaning placed located parked situated positioned
    sits sit sat stands stand stood lies lie lays rests rest hangs hang hung leans lean leant stays
    left put kept seated set found
""")
POSTURES = word_set("sideways upright upside-down flat horizontal vertical diagonal face")
"""Words after a verb of lying or standing: "lying sideways"."""
ACTIONS = word_set("""
    left put dropped placed hung parked forgot saw bought brought threw laid kept stored moved wants
    likes uses keeps made
""")
"""Actions of a person on an object: "the drill my brother left in the shed"."""
LABELS = word_set("""
    labeled labelled marked called named saying says reading reads titled tagged numbered captioned
    stamped inscribed entitled stencilled stenciled
""")
MADE = phrase_table({
    "": "made of, made from, made out of, made up of, made with, made in",
})  # fmt: skip
OWNED = word_set("belonging belongs")

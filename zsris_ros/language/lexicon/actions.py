"""The verbs of instructions, the particles around them, and the words that name a destination."""

from __future__ import annotations

from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import phrase_table, word_map, word_set

VERBS = word_map({
    "pick": "pick take grab get lift collect remove grasp retrieve raise gather",
    "place": """
        put place set lay stack stand lean hang drop throw toss pop leave return insert load pack
        store stick slip deposit dump stow chuck prop rest attach
        mount fasten
    """,
    "move": "move shift slide carry transfer relocate",
    "push": "push shove nudge press",
    "pull": "pull drag tug",
    "open": "open",
    "close": "close shut",
    "turn_on": "turn switch power",
    "pour": "pour tip",
    "point": "point",
    "follow": "follow",
    "hand_over": "give hand pass fetch bring deliver",
    "find": """
        find locate look search show segment detect identify highlight spot select choose inspect
        examine check see
    """,
    "other": """
        go drive navigate walk come wipe clean wash fold empty fill feed water cut dry rinse sweep
        stir shake rotate flip plug unplug lock unlock hold touch hit kick squeeze start stop
        use keep reach light iron mop vacuum polish scrub tie untie unpack wrap unwrap connect
        disconnect screw unscrew roll unroll sort count measure weigh
    """,
})  # fmt: skip
"""The action of each verb; "turn", "switch" and "power" need the particle on or off."""
NOUNS_TOO = word_set("""
    set stack stand lean rest open close turn switch power point hand pass load pack store stick
    slip tip slide drop pop pull push drag lift look search show spot shift press prop dump toss
    dry empty clean wash fold fill water cut use hold start stop lock plug touch hit kick flip see
    check go drive walk come leave lay place return pick transfer collect
""")
"""Verbs that are nouns or adjectives as well: an object must follow."""
SWITCHING = word_set("turn switch power")
GIVING = word_set("give hand pass fetch bring deliver get grab throw toss")
TAKING = word_set("pick place move push pull pour")
"""Actions that have a destination."""
OPENED = {"open": "open", "shut": "close", "closed": "close"}
"""The actions that an adjective behind the object gives: "pull the drawer open"."""
CONTROLS = word_set("button bell doorbell switch lever handle knob plug key buzzer pedal")
"""Objects that are pushed and pulled where they are."""
PARTICLES = word_set("up down out off away over back on along aside together around in")
VERB_PARTICLES = word_set("up down out off away over back along")
PRONOUNS = word_set("it them this that those these him her")
PLACE_PRONOUNS = word_set("there here")
RECEIVERS = word_set("me us myself ourselves")
SEQUENCE = word_set("""
    first firstly second secondly third thirdly next finally lastly afterwards afterward later then
    also now
""")
BARE_COMMANDS = word_set("""
    push pull lift place pass drop hang pick return collect transfer press move
""")
"""Verbs of ``NOUNS_TOO`` that a noun without an article may follow at the start of a text."""
SPEECH_ACTS = phrase_table({
    "": """
        can you, could you, would you, will you, can u, could u, can we, could we, can someone,
        could someone, would someone, can somebody, could somebody, you should, you can, you could,
        i want to, we need to, we have to, go ahead and, go and, come and, try to, how about, what
        about, be so kind as to, if you could, when you get a chance, when you have a moment, when
        you have a minute, when you have time, when you can, if you can, i need you to, i want you
        to, i would like you to, i would love you to, we need you to, we
        want you to, you need to, you have to, you must, i would appreciate it if you could, i would
        appreciate it if you would, i would be grateful if you could, would you be so kind as to,
        would you be so kind and, could you be so kind as to, be so kind and, be so good as to,
        would you kindly, could you help me, can you help me, can you help me to, help me, help me
        to, would you mind, do you mind, after that, after this, once you are done, when you are
        done, once that is done, when that is done, then again, from there, if you do not mind, if
        you please, your task is to, the task is to, is it possible to, try and, let us, you may,
        the next step is to, make sure to, make sure you, be careful and, do me a favour, do me a
        favor
    """,
    "find": """
        where is, where are, where was, where were, where did i leave, where did i put, where did
        you put, where did you leave, where did we leave, where did we put, where have i put, where
        have i left, where have you put, where has, where can i find, where do i find, where do you
        see, do you see, can you see, could you see, did you see, have you seen, do you know where,
        show me where, find where, see where, is there, are there, do we have, i am looking for, we
        are looking for, i am searching for, looking for, tell me where, is this, what is
    """,
    "hand_over": """
        i need, we need, i will need, i want, we want, i would like, i would love, i would like to
        have, i want to have, i need to have, we would like, can i have, could i have, may i have,
        can we have, could we have, can i get, could i get, may i get, let me have, i could use, i
        am after, can i borrow, could i borrow
    """,
    "announce": """
        there is, there are, there was, there were, here is, here are, you see, you will see, you
        will find, you will find, you can see, i see, i can see
    """,
})  # fmt: skip
"""Openings of sentences: wrappers, questions, wishes and announcements ("there is a mug")."""
KEEPING = phrase_table({
    "": """
        where it is, where they are, where it was, where it stands, where it lies, where he is,
        where she is, as it is, as they are, as is, alone, be, in place, untouched, there, where it
        belongs, in peace, out of it
    """,
})  # fmt: skip
"""The ends of "leave the wet one where it is", which asks for no action."""

DESTINATIONS = phrase_table({
    "on": "on, onto, on to, on top of, upon, atop, atop of, on top",
    "inside": "in, into, in to, inside, inside of",
    "under": "under, underneath, beneath, below",
    "above": "above, over",
    "next_to": "next to, beside, alongside, against, adjacent to, right next to, up against",
    "near": "near, near to, close to, closer to, nearer to, by, around, close by",
    "left_of": """
        to the left of, on the left of, at the left of, left of, just left of, to the immediate left
        of
    """,
    "right_of": """
        to the right of, on the right of, at the right of, right of, just right of, to the immediate
        right of
    """,
    "in_front_of": "in front of, infront of, in front, ahead of",
    "behind": "behind, in back of",
    "between": "between, in between, inbetween",
    "at": "to, at, up to, toward, towards, down to, over to, back to, out to",
})  # fmt: skip
GOALS = word_set("to into onto")
APPROACHES = word_set("closer nearer")
"""A destination starts at the first of these and of ``GOALS``, else at the last of ``PLACES``."""
PLACES = phrase_table({"": "in, inside, inside of, on, on top of, upon, atop, on top"})
SURFACES = word_set("""
    table desk counter bar bench workbench shelf rack hook peg rail line floor ground wall tray
    plate board stove stand mat rug carpet bed chair sofa stool trolley cart pallet belt windowsill
    ledge roof top edge pile stack countertop tabletop worktop couch bookshelf nightstand sill
    clothesline washing-line mantelpiece armchair
""")
"""Sources that objects lie on; of all others they are taken out."""

_PART_PHRASES = frozenset(
    f"{preposition} {part} of"
    for part in ("the back", "the front", "the top", "the side", "side", "the left side",
                 "left side", "the left hand side", "left hand side", "the left-hand side",
                 "the right side", "right side", "the right hand side", "right hand side",
                 "the right-hand side")
    for preposition in ("in", "on", "at", "to", "by")
)  # fmt: skip
_KINDS = {"by": "near", "at": "at", "close by": "near"}


def _instruction_relations() -> lex.Phrases:
    rows: dict[str, list[str]] = {}
    for by_second in lex.RELATIONS.values():
        for phrases in by_second.values():
            for words, kind in phrases:
                phrase = " ".join(words)
                if phrase not in _PART_PHRASES:
                    rows.setdefault(_KINDS.get(phrase, kind), []).append(phrase)
    return phrase_table({kind: ", ".join(phrases) for kind, phrases in rows.items()})


RELATIONS = _instruction_relations()
"""The prepositions of expressions, but "by" is near, and "at the back of X" has its part as
anchor."""


def base_form(word: str) -> str:
    """Return the verb of an -ing form ("putting" -> put), any other word unchanged."""
    if word in VERBS or not word.endswith("ing"):
        return word
    stem = word[:-3]
    return next((form for form in (stem, stem + "e", stem[:-1]) if form in VERBS), word)

"""Vocabulary and fixed phrases of the sentence grammar."""

from __future__ import annotations

from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.language.lexicon.function_words import word_list

_OBJECTS = word_list("""
    mug cup bowl plate spoon fork knife bottle jar kettle pan pot lid tray glass pitcher teapot
    ladle whisk spatula grater peeler toaster blender sponge towel napkin apple banana pear lemon
    carrot potato onion pepper tomato bread cake pizza sandwich donut muffin cookie egg cheese
    hammer wrench screwdriver drill saw nail screw bolt nut pliers clamp chisel file tape ladder
    bucket rope chain hose rake shovel spade trowel broom mop brush paint crate pallet pipe valve
    wire cable battery switch lamp bulb torch fan heater pen pencil marker eraser ruler stapler
    notebook book folder binder envelope stamp printer monitor laptop phone tablet camera mouse
    headset charger chair stool cushion pillow blanket quilt rug curtain mirror clock vase candle
    picture poster painting statue plant flower tree bush hedge fence gate bench swing kite ball
    bat racket glove goal net helmet backpack suitcase bag purse wallet umbrella key coin card
    watch ring necklace toy doll robot block brick puzzle guitar drum piano violin box basket cone
    sign post barrel wheel tire surfboard skateboard sled tent lantern flashlight thermos syringe
    scalpel microscope beaker flask tin can carton packet sack parcel stone rock log leaf pumpkin
""")
_PLACES = word_list("""
    table desk shelf counter floor bed sofa couch chair bench cabinet drawer cupboard fridge oven
    stove sink window door wall rack box basket tray bin crate cart trolley workbench toolbox
    locker closet wardrobe dresser nightstand bookcase fireplace mantel windowsill sill porch
    roof ladder tree bush fence gate river pond lake bridge road path lawn garden shed barn house
    building church truck car bus boat dock pier tent stage stairs column pillar statue fountain
    lamp plant plate bowl cup mug bottle jar laptop monitor keyboard printer book napkin towel
    pillow blanket rug mat bag suitcase
""")
_MATERIALS = word_list("""
    wood metal plastic glass steel paper leather wool cotton rubber stone brick silver gold milk
    water juice coffee tea wine beer soup rice sugar flour salt sand soil paint oil sauce fruit
    kitchen garden office coffee tea wine tool traffic fire school water football cheese olive
    ice cream trash laundry baby dog bird
""")
NOUNS = {
    "object": _OBJECTS,
    "place": _PLACES,
    "person": sorted(nouns.PEOPLE - {"female", "male", "model", "guard", "cook"}),
    "animal": sorted(nouns.ANIMALS - {"animal", "pet", "robot"}),
    "vehicle": sorted(nouns.VEHICLES),
    "clothing": sorted(word for word in nouns.CLOTHING if word.isalpha()),
    "part": sorted((nouns.MARKS | nouns.BODY) - {"left", "right", "top", "back", "cover", "face"}),
    "material": _MATERIALS,
}
ADJECTIVES = sorted(word for word in adj.ADJECTIVES if word.isalpha())
STATES = word_list("""
    broken folded painted sleeping smiling running burning melted wrapped boiled parked rolled
    cracked printed opened closed sliced standing sitting floating flying barking
""")
RANKS = sorted(
    word for word in {*lex.ORDINALS, *lex.SUPERLATIVES, "other", "2nd", "3rd"} if word.isalnum()
)
SIDES = sorted(word for word in lex.POSITIONS if word.isalpha() and not word.endswith("ground"))
CARDINALS = word_list("two three four five six 2 3 4")
OWNERS = word_list("my your his her their our")
FILLERS = word_list("uh um er so okay well hey hmm no")
RELATIVES = word_list("that which")
NOT = word_list("not n't")
LEFT = word_list("left put saw placed dropped")
HOLDING = word_list("wearing holding carrying eating riding reading using pulling pushing")
POSTURES = word_list("""
    sitting standing lying resting hanging leaning placed located parked walking running sleeping
    floating laughing waiting kneeling growing
""")
ONSETS = word_list("b c d f g h j k l m n p r s t v w br cr dr fl gr pl pr sh sl st th tr bl ch")
VOWELS = word_list("a e i o u a e i o u ea oo ai ou")
CODAS = ["", "", "", *word_list("b ck d g l ll m n nd p r rk st t x ng mp")]

_RELATION_PATTERNS = """
    on:ADP:prep | on:ADP:prep | in:ADP:prep | in:ADP:prep | under:ADP:prep | behind:ADP:prep
    | above:ADP:prep | below:ADP:prep | near:ADP:prep | beside:ADP:prep | by:ADP:prep
    | inside:ADP:prep | over:ADP:prep | underneath:ADP:prep | beneath:ADP:prep
    | against:ADP:prep | atop:ADP:prep | at:ADP:prep | next:ADV:advmod to:ADP:prep
    | next:ADV:advmod to:ADP:prep | close:ADV:advmod to:ADP:prep
    | closest:ADV:advmod to:ADP:prep | nearest:ADV:advmod to:ADP:prep
    | in:ADP:prep front:NOUN:pobj of:ADP:prep | on:ADP:prep top:NOUN:pobj of:ADP:prep
    | to:ADP:prep the+left:NOUN:pobj of:ADP:prep | to:ADP:prep the+right:NOUN:pobj of:ADP:prep
    | on:ADP:prep the+left:NOUN:pobj of:ADP:prep | left:ADV:advmod of:ADP:prep
    | right:ADV:advmod of:ADP:prep | far:ADV:advmod from:ADP:prep
    | away:ADV:advmod from:ADP:prep | farthest:ADV:advmod from:ADP:prep
    | bigger:ADJ:amod than:ADP:prep | smaller:ADJ:amod than:ADP:prep
    | taller:ADJ:amod than:ADP:prep
"""
_PLACE_PATTERNS = """
    on:ADP:prep the+left:NOUN:pobj | on:ADP:prep the+right:NOUN:pobj
    | at:ADP:prep the+top:NOUN:pobj | at:ADP:prep the+bottom:NOUN:pobj
    | in:ADP:prep the+middle:NOUN:pobj | in:ADP:prep the+back:NOUN:pobj
    | in:ADP:prep the+front:NOUN:pobj | in:ADP:prep the+background:NOUN:pobj
    | in:ADP:prep the+foreground:NOUN:pobj | to:ADP:prep the+left:NOUN:pobj
    | from:ADP:prep the+left:NOUN:pobj | from:ADP:prep the+right:NOUN:pobj
    | from:ADP:prep left:NOUN:pobj | from:ADP:prep right:NOUN:pobj
    | in:ADP:prep the+middle:NOUN:pobj of:ADP:prep the+picture:NOUN:pobj
    | left:ADV:advmod | right:ADV:advmod | on:ADP:prep left:NOUN:pobj | on:ADP:prep right:NOUN:pobj
    | closest:ADV:advmod to:ADP:prep me:PRON:pobj | nearest:ADV:advmod to:ADP:prep you:PRON:pobj
    | farthest:ADV:advmod away:ADV:advmod | facing:VERB:acl away:ADV:advmod | on:ADP:prep top:NOUN:pobj
"""  # noqa: E501
_COMMAND_PATTERNS = """
    grab/get/find/locate/take/select/segment/detect/fetch/choose/pick:VERB:ROOT:0 X:dobj:0
    | bring/give/hand/pass/show/get:VERB:ROOT:0 me:PRON:dative:0 X:dobj:0
    | can/could/would/will:AUX:aux:2 you:PRON:nsubj:2 find/get/grab/see/take:VERB:ROOT:2 X:dobj:2
    | can/could:AUX:aux:2 you:PRON:nsubj:2 bring/give/hand/show:VERB:ROOT:2 me:PRON:dative:2 X:dobj:2
    | where:SCONJ:advmod:1 is/are:AUX:ROOT:1 X:nsubj:1
    | what:PRON:attr:1 is:AUX:ROOT:1 X:nsubj:1
    | do:AUX:aux:2 you:PRON:nsubj:2 see:VERB:ROOT:2 X:dobj:2
    | i/we:PRON:nsubj:1 need/want/see:VERB:ROOT:1 X:dobj:1
    | i:PRON:nsubj:2 am/'m:AUX:aux:2 looking:VERB:ROOT:2 for:ADP:prep:2 X:pobj:3
    | go/walk/drive/navigate/point:VERB:ROOT:0 to:ADP:prep:0 X:pobj:1
    | look/search:VERB:ROOT:0 for:ADP:prep:0 X:pobj:1
    | pick:VERB:ROOT:0 up:ADP:prt:0 X:dobj:0
    | there:PRON:expl:1 is/are:AUX:ROOT:1 X:attr:1
    | there:PRON:expl:1 is:AUX:ccomp:4 X:attr:1 ,:PUNCT:punct:4 hand/give/bring:VERB:ROOT:4 it:PRON:dobj:4 to:ADP:dative:4 me:PRON:pobj:6
    | put/place/throw/set:VERB:ROOT:0 X:dobj:0 | put/place/move/drop:VERB:ROOT:0 X:dobj:0
    | is:AUX:ROOT:0 there:PRON:expl:0 X:attr:0
    | grab/bring/fetch:VERB:ROOT:0 X:dobj:0 for:ADP:prep:0 me:PRON:pobj:2
    | i:PRON:nsubj:2 would/'d:AUX:aux:2 like:VERB:ROOT:2 X:dobj:2
    | show:VERB:ROOT:0 me:PRON:dative:0 where:SCONJ:advmod:4 X:nsubj:4 is:AUX:ccomp:0
"""  # noqa: E501
PLACING = "put"


def _patterns(text: str) -> list[str]:
    return [" ".join(pattern.split()) for pattern in text.split("|")]


RELATIONS = _patterns(_RELATION_PATTERNS)
PLACES = _patterns(_PLACE_PATTERNS)
COMMANDS = _patterns(_COMMAND_PATTERNS)


def plural(noun: str) -> str:
    """Return the regular plural of a noun; a plural stays unchanged."""
    if morphology.is_plural(noun):
        return noun
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"

"""Adjectives, participles and their suffixes."""

from __future__ import annotations

from zsris_ros.language.lexicon.function_words import word_set

COLOURS = word_set("""
    red orange yellow green blue purple violet pink brown black white gray grey beige tan turquoise
    teal cyan magenta maroon navy indigo lavender crimson scarlet golden gold silver bronze copper
    ivory cream khaki olive lime mint aqua amber burgundy charcoal coral fuchsia lilac mauve mustard
    peach plum rust salmon taupe blonde blond brunette redhead ginger multicolored multicoloured
    colorful colourful transparent clear translucent rainbow neon pastel aquamarine chartreuse sage
    ochre ocher terracotta cerise jade emerald ruby sapphire cobalt cerulean ecru puce magnolia
    mahogany reddish greenish bluish yellowish
""")
BASIC_COLOURS = (
    "black", "white", "red", "green", "yellow", "blue", "brown", "purple", "pink", "orange", "grey",
)  # fmt: skip
"""The basic colour terms of English (Berlin and Kay, 1969)."""
COLOUR_SYNONYMS = {"gray": "grey", "violet": "purple"}
"""Other words for basic colours."""
COLOUR_NOUNS = word_set("""
    orange tan gold silver bronze copper cream olive lime mint coral plum rust salmon peach rainbow
    ginger amber mustard teal charcoal sage terracotta jade emerald ruby sapphire mahogany magnolia
    redhead blonde blond brunette lavender violet navy
""")
SHADES = word_set("""
    baby navy sky forest lime olive rose charcoal army royal mint sea ocean midnight brick blood
    lemon mustard wine chocolate coffee cream ivory salmon neon pastel hot jet pearl slate electric
    emerald ruby sapphire candy off light dark bright pale deep powder kelly burnt
""")
ADJECTIVES = COLOURS | word_set("""
    big small large little tiny huge giant gigantic enormous massive tall short long high low wide
    narrow thick thin fat skinny slim deep shallow heavy light mini medium round square circular
    oval rectangular triangular flat curved straight pointy pointed sharp blunt cylindrical
    spherical conical cubic hexagonal curly wavy bald hairy furry fluffy fuzzy wooden metal metallic
    plastic ceramic leather woolen woollen steel iron rubber wicker striped spotted dotted checkered
    chequered plaid floral patterned plain polka flowered old new young ancient modern antique
    vintage used fresh stale ripe unripe rotten raw cooked clean dirty dusty muddy rusty shiny
    glossy matte dull wet dry damp soggy hot cold warm cool frozen open closed shut opened empty
    full broken cracked chipped torn bent worn folded crumpled wrinkled damaged dented scratched
    stained burnt burned faded peeling lit unlit soft hard smooth rough bumpy fragile sturdy loose
    tight sticky greasy slippery bright dark pale dim vivid happy sad angry smiling sleepy asleep
    awake alive dead sick tired blurry visible hidden partial whole half sliced chopped peeled
    toasted baked fried tasty sweet sour bitter spicy salty pretty beautiful ugly cute nice fancy
    cheap expensive lone single double triple solo left-handed topless shirtless barefoot female
    male portable digital electric electronic wireless manual automatic unused unopened unlabeled
    unlabelled sealed uncooked unpainted foldable reusable disposable nearby rear-facing upright
    sideways crooked slanted tilted vertical horizontal similar different identical matching
    separate great grand northern southern eastern western african european asian arabian australian
    austrian belgian brazilian canadian dutch egyptian greek hungarian jamaican korean moroccan
    norwegian persian peruvian portuguese russian swiss thai vietnamese welsh latin nordic thirsty
    hungry busy free noisy quiet ready correct wrong main chinese japanese french italian german
    american british indian mexican tidy upside-down
""")
ADJECTIVE_SUFFIXES = ("ish", "less", "ous", "able", "ible", "colored", "coloured", "shaped",
                      "sized", "ful", "esque", "legged", "haired", "eyed", "handed",
                      "sided")  # fmt: skip
NOUN_SUFFIXES = ("fish", "hful")
LOOSE_SUFFIXES = (*ADJECTIVE_SUFFIXES, "y", "ed", "en", "ic", "al", "ive", "ant", "ent", "ary",
                  "ular", "ese", "ing", "ian", "est")  # fmt: skip

NOT_ADJECTIVES = word_set("""
    finish polish varnish radish horseradish relish rubbish garnish parish blemish vegetable
    turntable timetable worktable roundtable constable convertible crucible collectible burlesque
    handful spoonful armful bagful cupful bucketful forkful fistful rendezvous couscous syllable
""")
ING_NOUNS = word_set("""
    lightning packaging fencing bunting cladding coupling hamstring drawstring shoestring dwelling
    yearling gelding hatchling fledgling decking guttering matting skirting grating panelling
    paneling edging trimming sheeting towelling rigging ducting lining fastening footing handwriting
    seating plaything outbuilding warning clearing beading binding walling batting lacewing planking
    bushing kindling nestling ceiling building painting earring pudding railing clothing bedding
    icing frosting stuffing dressing awning herring drawing stocking carving lighting wedding
    engraving opening landing crossing parking molding moulding flooring roofing siding tubing
    piping topping wrapping packing seasoning covering lettering bearing casing fitting coating
    housing tiling paving shelving scaffolding netting webbing padding offspring evening morning
    darling duckling gosling dumpling sapling seedling sibling shilling viking starling filling
    something nothing anything everything thing string spring swing wing king ring sling sting
    meeting greeting writing marking markings living dining airing keyring ironing washing mooring
    plumbing wiring bling cutting bring being boxing blessing recording sterling tasting
""")
ED_NOUNS = word_set("""
    bed shed sled wed moped biped hundred hotbed flatbed daybed sunbed sacred naked kindred hatred
    watershed bobsled newlywed toolshed red infrared coed waterbed bunkbed woodshed
""")
TRANSITIVE = word_set("""
    eating chewing drinking reading playing kicking throwing catching pushing pulling cutting
    feeding using touching watching chasing swinging hitting taking making brushing licking biting
    cooking serving washing petting walking typing talking driving flying climbing painting cleaning
    drying
""")

PURE = word_set("""
    red yellow green blue purple pink brown black white gray grey big small large little tiny huge
    tall short long wide narrow thick thin round striped spotted shiny clean dirty wooden empty
    broken old new left-hand right-hand
""")
NOUNS_TOO = word_set("""
    light square single double human manual cold sweet iron half whole flat metal
""")
EYEWEAR = word_set("reading eye safety prescription swimming swim ski 3d horn-rimmed protective")
NO_MANNER = ("fly", "bbly", "ggly", "zzly", "ddly", "oily")
LY_NOUNS = word_set("""
    family jelly belly lily fly butterfly dragonfly holly doily bully assembly ally supply reply
    rally tally early ugly lovely curly silly smelly hilly woolly friendly lonely lively elderly
    wobbly bubbly oily anomaly monopoly underbelly prickly wrinkly crinkly tickly sparkly twinkly
    cuddly burly pearly scaly homily crumbly stubbly pebbly
""")
IRREGULAR_PARTICIPLES = word_set("""
    held worn thrown drawn written torn hung bent broken caught driven eaten flown frozen grown
    hidden laid lit sewn shown stuck struck swept taken woven bitten chosen stolen made given tied
    used aged dyed iced cut blown bound built bought dug drunk fallen forgotten lost sawn sent
    shaken shrunk sold spun spilt spoilt sprung sunk swollen trodden wrung beaten hewn mown
    overgrown strung strewn undone
""")

"""Classes of nouns, and the number of nouns; any other word is a noun as well.

The classes decide whether "in X" means wearing X, whether X of Y is a content or a part, and which
noun a later phrase can modify.
"""

from __future__ import annotations

from zsris_ros.language.lexicon.function_words import word_list, word_set

PEOPLE = word_set("""
    man men woman women person people guy guys girl girls boy boys lady ladies kid kids child
    children baby babies dude gentleman gentlemen male female player players adult toddler infant
    teenager teen mom mum mother dad father grandma grandpa grandmother grandfather brother sister
    son daughter uncle aunt couple bride groom friend fellow fella gal chef cook nurse doctor
    officer police cop soldier sailor pilot driver rider worker waiter waitress teacher student
    farmer baker butcher referee umpire catcher batter pitcher goalie skier snowboarder skateboarder
    surfer swimmer runner jogger hiker climber dancer singer musician clown judge king queen prince
    princess monk nun priest actor actress model vendor customer shopper passenger pedestrian
    tourist athlete coach boxer wrestler golfer bowler barber tailor plumber painter carpenter
    gardener janitor cleaner guard lifeguard cashier clerk lawyer engineer scientist reporter
    photographer magician wizard witch pirate knight cowboy cowgirl ninja sheriff thief robber human
    humans somebody someone individual spectator fan audience crowd team twins family biker
    motorcyclist captain miner welder mechanic surgeon paramedic firefighter astronaut diver skater
    gymnast archer fencer jockey goalkeeper keeper quarterback drummer conductor juggler acrobat
    mime sculptor florist jeweler jeweller weaver potter librarian secretary manager boss intern
    colleague neighbor neighbour stranger host hostess butler maid nanny bishop pope rabbi mayor
    president marine sergeant veteran patient victim prisoner beggar bartender barista brewer fisher
    hunter shepherd rancher lumberjack electrician technician builder roofer trucker courier porter
    usher bellhop valet businessman granny grandchild nephew niece cousin husband wife parent
    boyfriend girlfriend pal mate bloke lad lass pensioner youth youngster preschooler schoolboy
    schoolgirl graduate apprentice pupil scout camper backpacker traveler traveller hitchhiker
    sprinter marathoner bystander onlooker beekeeper blacksmith locksmith undertaker dentist vet
    chemist elder everyone everybody anyone anybody
""")
PERSON_SUFFIXES = ("man", "men", "woman", "women", "person", "boy", "girl", "lady", "ist", "people")
NOT_PERSON = word_set("""
    specimen abdomen ramen snowman list fist mist wrist twist waist gist omen stamen acumen
    checklist playlist
""")
FAMILY = word_set("""
    mum mom dad daddy mummy mommy grandma grandpa granny grandad granddad nan auntie
""")
ANIMALS = word_set("""
    dog dogs cat cats horse horses cow cows sheep goat goats pig pigs bird birds duck ducks hen
    chicken rooster chick puppy kitten elephant elephants giraffe giraffes zebra zebras bear bears
    lion tiger wolf fox rabbit bunny deer moose monkey parrot owl penguin swan goose geese pony
    donkey mule camel llama lamb calf bull ox fish frog turtle tortoise snake lizard hamster mouse
    rat squirrel hedgehog ostrich flamingo seagull pigeon eagle hawk animal pet cub foal kitty pup
    calves wolves robot gorilla chimp chimpanzee ape baboon rhino hippo leopard cheetah jaguar
    panther hyena jackal coyote raccoon skunk badger otter beaver walrus whale dolphin shark octopus
    crab lobster snail spider beetle butterfly bee wasp ant moth raven crow sparrow robin finch
    stork heron pelican peacock turkey gosling duckling lambs stallion mare colt heifer piglet bison
    buffalo reindeer elk antelope gazelle kangaroo koala sloth lemur meerkat weasel ferret hare
    gecko iguana chameleon crocodile alligator toad salamander hound terrier poodle labrador
    greyhound retriever bulldog alpaca yak
""")
INVARIANT = word_set("sheep fish deer moose bison salmon trout shrimp squid aircraft")
CLOTHING = word_set("""
    shirt shirts coat jacket vest suit suits dress skirt blouse sweater jumper hoodie cardigan
    pullover uniform jersey robe gown apron cape cloak poncho kimono tuxedo tux overalls dungarees
    jeans pants trousers shorts leggings tights tie bowtie scarf hat cap beanie helmet bonnet beret
    hood mask glasses sunglasses goggles gloves mittens boots shoes sneakers sandals heels socks
    stockings belt bikini swimsuit trunks wetsuit tracksuit raincoat overcoat parka anorak
    windbreaker fleece turtleneck tee t-shirt tshirt polo bra sari saree costume outfit clothes
    clothing attire gear armor armour waistcoat blazer pajamas pyjamas nightgown onesie jumpsuit
    leotard tutu kilt toga headscarf headband bandana bandanna turban hijab veil crown tiara
    necklace scrubs flannel denim leather plaid stripes khakis sombrero fedora visor collar bib
    earrings badge tunic smock sash shawl camouflage camo spandex ponchos caps hats ties dresses
    jackets coats uniforms robes vests slippers wellies wellingtons trainers plimsolls brogues clogs
    loafers crocs flip-flops gilet nightie cagoule balaclava snood earmuffs gauntlets braces wig
    hi-vis dungaree singlet corset frock kaftan caftan sarong jodhpurs breeches culottes bloomers
    waders moccasins pumps stilettos cummerbund yarmulke kippah fez
""")
CLOTHING_SUFFIXES = ("shirt", "shirts", "coat", "coats", "suit", "suits", "wear", "jacket",
                     "dress", "hat", "sweater", "gown", "pants")  # fmt: skip
NOT_CLOTHING = word_set("""
    address suitcase that what chat software hardware silverware headdresses lawsuit pursuit
    somewhat
""")
BODY = word_set("""
    hair beard mustache moustache ponytail bangs braids pigtails arm arms leg legs hand hands head
    face eye eyes ear ears nose mouth neck tail wing wings paw paws horn horns foot feet finger
    fingers thumb shoulder knee elbow chest belly stomach lap back mane trunk beak fur tattoo tusks
    antlers whiskers freckles smile teeth tongue hip wrist ankle hoof snout spots curls
""")
LIMBS = word_set("""
    arm arms leg legs hand hands foot feet head trunk paw paws elbow elbows knee knees chin
""")
MARKS = word_set("""
    label sticker tag logo stripe stripes dot dots handle handles lid cap spout rim edge dent
    scratch crack chip stain hole writing text letter letters number numbers pattern print design
    cover button buttons zipper pocket sleeve sleeves strap straps ribbon bow string cord knob hinge
    blade tip base neck stem leaf leaves petals wheel wheels door doors window windows roof hood
    bumper headlights antenna screen keyboard drawer drawers legs armrests armrest cushion seat
    spokes pedals handlebars tassels fringe frame border trim barcode price lettering picture
    flowers plaid checks squares patch patches spot rust paint foil wrapper cork pull top bottom
    side corner crust icing frosting sprinkles marking markings chimney windshield mirror tire tires
    tyre tyres bristles prongs emblem nozzle valve plug switch dial display
""")
CONTAINERS = word_set("""
    cup mug glass bottle jar jug pitcher carafe bowl basket box bag bucket can tin carton crate pot
    pan plate tray dish barrel tub tube packet pack sack bin case vase tank pail kettle flask
    canister pint keg thermos container set stack pile bunch group herd flock bundle row line
    collection batch heap crowd bouquet roll stick bar tablet loaf bale string saucer saucepan mound
    spool deck vial goblet tumbler beaker shot mugful cluster handful platter punnet wheelbarrow
    truckload cart crates boxes bowls cups glasses mugs bottles jars bags baskets pots plates trays
    buckets cans skein wad reel coil sheaf clump tuft dollop pinch urn decanter sachet crock cask
    churn skip ream block lump nugget dab puddle swarm school shoal gaggle colony scoop helping
    serving spoonful tangle stein ladle picture photo painting statue drawing
""")
INSIDE_SOURCES = word_set("""
    drawer box bag basket cupboard cabinet fridge refrigerator oven microwave bin can jar bowl
    bucket toolbox closet wardrobe locker crate backpack pocket suitcase freezer dishwasher tin case
    sink pot cup chest kitchen room garage vase carton purse tub washer dryer container glass kit
    pouch folder envelope packet holder hamper wallet net nest van trunk boot tray
""")
AMOUNTS = word_set("slice piece half chunk portion quarter segment wedge bit patch scrap")
PORTIONS = AMOUNTS | word_set("""
    part section corner edge end side middle top bottom back front handle lid tip rest layer
""")
VEHICLES = word_set("""
    car cars truck trucks van vans bus buses bike bikes bicycle motorcycle motorbike scooter moped
    taxi cab train tram boat ship plane airplane aeroplane helicopter jeep suv tractor trailer lorry
    minivan pickup ambulance limousine sedan vehicle camper caravan jet kayak canoe
""")
NOTHING = word_set("nothing nobody")
"""Heads of an absent anchor: "with nothing on it"."""

NEUTRAL = word_set("""
    object objects thing things item items one ones stuff something anything everything it this that
    these those them whatever thingy thingamajig gadget entity blob nothing
""")
INDEFINITE = word_set("something anything everything nothing someone somebody anyone anybody")
GARMENT_TOPS = word_set("tank crop halter tube bikini pajama pyjama")
CENTRES = word_set("entertainment shopping garden leisure fitness call visitor community sports")
TOPS = GARMENT_TOPS | word_set("""
    tank crop halter tube bikini pajama pyjama tie-dye blue red green white black pink yellow purple
    orange gray grey brown striped table counter bottle bench desk big mini
""")
SHADES_FIRST = word_set("""
    baby navy sky forest lime olive rose charcoal army royal mint sea neon pastel hot jet off light
    dark bright pale deep
""")
ANYBODY = word_set("man woman guy girl boy lady dude person kid child gentleman male female")
OWN_PLACES = BODY | word_set("rim edge handle lid spout sleeve pocket collar brim hem tip base")
ONE_THING = word_set("""
    scissors pliers tweezers tongs goggles trousers pants jeans shorts sunglasses binoculars
    headphones earphones shears clippers nippers leggings tights pajamas pyjamas spectacles
    eyeglasses overalls dungarees slacks forceps calipers callipers secateurs knickers underpants
    boxers briefs handcuffs earmuffs suspenders khakis scrubs specs pincers snips swimtrunks
""")
SINGULAR_S = word_set("""
    gas canvas atlas bias madras christmas texas lens news series species headquarters chaos cosmos
    asbestos iris tennis basis axis chassis clematis trellis pelvis penis debris portcullis oasis
    arthritis brewis swiss always perhaps this his its barracks gallows crossroads hummus james
    chess molasses mathematics physics gymnastics electronics hibiscus ibis pancreas pampas aegis
    tigris paris crisis thermos rhinoceros yes is was has us as across sis plus minus
""")
PLURAL_US = word_set("menus emus gnus tofus gurus tutus bayous caribous thous haikus")
IRREGULAR_PLURALS = word_set("""
    men women children people geese mice teeth feet oxen lice dice cattle police cacti fungi octopi
    octopuses ones folks data media bacteria alumni larvae kids clothes dozens pence kine brethren
    antennae criteria phenomena leaves
""")
PLURAL_SUFFIXES = ("men", "children", "people", "mice", "geese", "teeth", "feet")
NOT_PLURAL = word_set("""
    specimen abdomen omen ramen stamen semen acumen yemen regimen hymen cyclamen dolmen
""")
IRREGULAR_SINGULARS = dict(pair.split(":") for pair in word_list("""
    men:man women:woman children:child people:person geese:goose mice:mouse teeth:tooth feet:foot
    oxen:ox lice:louse dice:die cacti:cactus fungi:fungus octopi:octopus ones:one kids:kid
    leaves:leaf wolves:wolf loaves:loaf shelves:shelf calves:calf halves:half scarves:scarf
    elves:elf hooves:hoof thieves:thief knives:knife wives:wife lives:life movies:movie
    cookies:cookie ties:tie pies:pie brownies:brownie smoothies:smoothie zombies:zombie
    selfies:selfie birdies:birdie hoodies:hoodie beanies:beanie shoes:shoe canoes:canoe toes:toe
    hoes:hoe axes:axe buses:bus gases:gas lenses:lens vases:vase cheeses:cheese houses:house
    horses:horse roses:rose cases:case bases:base noses:nose hoses:hose purses:purse mouses:mouse
    blouses:blouse phrases:phrase nurses:nurse suitcases:suitcase briefcases:briefcase
"""))  # fmt: skip

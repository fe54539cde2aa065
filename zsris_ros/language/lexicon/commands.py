"""Words of commands and of the politeness around them."""

from __future__ import annotations

from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import phrase_table, word_set

GREETINGS = word_set("hey hi hello yo dear")
ADDRESSEES = word_set("robot computer assistant buddy bot siri alexa machine mate sir")
COMMANDS = word_set("""
    grab get give bring fetch find locate segment show select detect identify highlight pick take
    put place move throw go drive navigate look see want need choose retrieve deliver search tell
    remove collect reach point follow track inspect describe approach spot recognize recognise
    outline localize localise lift carry head hand pass come i'd grasp walk roll return drop toss
    seek mark pull push open close touch press hold focus aim zoom examine check watch turn switch
    wash clean wipe empty fill feed water cut hit kick set lay hang store stack insert slide pour
    dump load pack leave keep use buy serve help clear raise lower flip rotate shake catch start
    stop run ride park wait stand count
""")
"""Verbs that may start a command."""
STRONG = word_set("""
    grab get give bring fetch find locate segment select detect identify retrieve deliver choose
    grasp show put navigate want need remove describe localize localise recognize recognise take
    pick
""")
"""Verbs that start a command whatever follows them."""
MOTION = word_set("""
    go drive navigate walk come head roll approach move reach run wait stand park stop return point
    look search focus aim zoom follow turn
""")
"""Verbs of the robot's own motion, with a preposition before the object."""
PLACING = word_set("""
    put place set drop throw toss move lay insert stack store hang pour slide push dump load pack
    return leave keep stick
""")
"""Verbs that move the object to a goal."""
PARTICLES_TO_OBJECT = word_set("up out off away back down for at to toward towards over")
OFTEN_NOUNS = word_set("head roll point")
"""Verbs of motion that are nouns as often."""
PARTICLES_AWAY = ("away", "out")
PARTICLES = word_set("""
    up out over back away down on off in for at to toward towards along through into around near by
    behind
""")
ASKED = word_set("color colour size shape kind type sort brand material")
GOING = word_set("go drive navigate walk come head")
PARTICLES_AFTER_VERB = word_set("up out off on for over back down away")
OPENERS = phrase_table({
    "": """
        can you, could you, would you, will you, can u, could u, can we, can i, could i, may i, do
        you, did you, have you, are you able to, i want, i would, i am, i will, i have, i can, i
        could, i can not, i could not, do you mind, mind passing, mind handing, mind giving, mind
        bringing, mind getting, mind grabbing, i need, we need, we want, i should, let me, let us, i
        was, we are, do we, is there, are there, there is, there are, here is, here are, where is,
        where are, where did i, where did you, where was, where were, where can i, what is, what
        are, who is, who are, it is, that is, this is, these are, those are, they are, which is, i
        think, i mean, i meant, i see, it was, would you mind, you should, you can, you need, i
        wish, i wonder, there was, there were, tell me, show me, how about, what about, try to, go
        ahead and, go and, come and, do you know, get rid of, make sure, be so kind as to, want you,
        like you, need you, you could, does it, is it, would it be possible to, is it possible to, i
        was wondering if, i wonder if, isn't there, the robot should, looking for, look for, if you
        could, if you can, if possible, in case, you know, you see, have a look at, take a look at,
        have a look for, have a look, take a look, get a look at, have a peek at, take a peek at,
        keep an eye on, keep track of, take care of, how many, there should be, there must be, there
        might be, can someone, could someone, would someone, will someone, can somebody, could
        somebody, would somebody, can anyone, could anyone, i am after, we are after, excuse me,
        pardon me, sorry to bother you, id like, id love, were looking for, any chance you could,
        any chance of, do me a favour and, do me a favor and, be a dear and, i would appreciate it
        if you could, if you see, if you find, if there is, when you get a chance, when you have a
        moment, when you have time, when you have a minute, when you can, whenever you can, before
        you go, before you leave, while you are there, once you are done, where has, where have,
        where had, grab hold of, get hold of, take hold of, catch hold of, get your hands on, click
        on, tap on, that would be, this would be, it would be, it should be, that should be, that
        must be, it must be, we should, you must, i must, you have to, i have to, we have to, i
        could do with, we could do with, i would rather have, i would rather, try, attempt to, be
        so kind and, make it, make that, work with, start with, begin with, continue with, go on
        with, carry on with, deal with, align with, align yourself with, line up with, hover over,
        hover above, stop above, stop over, concentrate on, attend to, pay attention to, tip over,
        knock over, let go of, tidy up, offer me, lend me, reach over and, lean over and, get closer
        to, get nearer to, when you see, once you see, as soon as you see, once you have, once you
        find, when you find, if you have
    """,
})  # fmt: skip
"""Beginnings of questions, requests and remarks."""
LINKS = word_set("""
    please kindly to where what which who if and see seen able like you u me us find getting
    bringing grabbing giving handing passing finding mind looking trying searching asking just now
    also then so have had love prefer got going for at is are that about him her them
""")
"""Words between such a beginning and the object."""
SEQUENCE = phrase_table({
    "": """
        first, second, third, firstly, secondly, next, then, finally, lastly, after that, look
    """,
})  # fmt: skip
"""Words of order before a command: "first pick up the mug"."""
OBJECT_STARTS = lex.DETERMINERS | lex.OBJECT_PRONOUNS | {"one", "just", "please", "up"}
"""Words after which a verb is a command."""

"""Names of LIBERO's object models, as people say them, and which models look similar."""

from __future__ import annotations

import re

_BY_LOOK: dict[str, dict[str, str]] = {
    "dish": {
        "akita_black_bowl": "black bowl",
        "bigger_akita_black_bowl": "black bowl",
        "black_bowl": "black bowl",
        "white_bowl": "white bowl",
        "glazed_rim_porcelain_ramekin": "ramekin",
        "plate": "plate",
        "yellow_plate": "yellow plate",
    },
    "vessel": {
        "porcelain_mug": "white mug",
        "white_yellow_mug": "yellow and white mug",
        "red_coffee_mug": "red mug",
        "libero_mug_yellow": "yellow mug",
        "libero_mug_green": "green mug",
        "moka_pot": "moka pot",
        "yellow_moka_pot": "yellow moka pot",
        "chefmate_8_frypan": "frying pan",
    },
    "box": {
        "cookies": "cookie box",
        "cream_cheese": "cream cheese",
        "red_cream_cheese": "cream cheese",
        "butter": "butter",
        "green_butter": "butter",
        "chocolate_pudding": "chocolate pudding",
        "green_chocolate_pudding": "chocolate pudding",
        "popcorn": "popcorn",
        "red_box": "red box",
    },
    "can or bottle": {
        "alphabet_soup": "alphabet soup",
        "bigger_alphabet_soup": "alphabet soup",
        "tomato_sauce": "tomato sauce",
        "yellow_tomato_sauce": "tomato sauce",
        "bbq_sauce": "bbq sauce",
        "green_bbq_sauce": "bbq sauce",
        "ketchup": "ketchup",
        "blue_ketchup": "ketchup",
        "salad_dressing": "salad dressing",
        "new_salad_dressing": "salad dressing",
        "red_salad_dressing": "salad dressing",
        "orange_juice": "orange juice",
        "milk": "milk",
        "yellow_milk": "milk",
        "wine_bottle": "wine bottle",
        "white_bottle": "white bottle",
    },
    "furniture": {
        "wooden_cabinet": "wooden cabinet",
        "white_cabinet": "white cabinet",
        "yellow_cabinet": "yellow cabinet",
        "short_cabinet": "cabinet",
        "wooden_shelf": "shelf",
        "wooden_two_layer_shelf": "shelf",
        "flat_stove": "stove",
        "yellow_stove": "yellow stove",
        "microwave": "microwave",
    },
    "holder": {
        "basket": "basket",
        "red_basket": "red basket",
        "wooden_tray": "wooden tray",
        "desk_caddy": "caddy",
        "wine_rack": "wine rack",
        "brown_rack": "rack",
    },
    "book": {"black_book": "black book", "yellow_book": "yellow book"},
}

NAMES = {model: name for models in _BY_LOOK.values() for model, name in models.items()}
"""The name of each model."""

LOOKS = {model: look for look, models in _BY_LOOK.items() for model in models}
"""The group of similar models that each model belongs to."""

ABSENT_NAMES = {
    "dish": ("plate", "ramekin", "white bowl"),
    "vessel": ("red mug", "moka pot", "frying pan"),
    "box": ("cookie box", "chocolate pudding", "butter"),
    "can or bottle": ("wine bottle", "ketchup", "milk", "alphabet soup"),
    "furniture": ("microwave", "stove"),
    "holder": ("basket", "wine rack"),
    "book": ("black book", "yellow book"),
}
"""Names for questions about absent objects: no model of the group is visible."""


def model_of(instance: str) -> str:
    """Return the model of an instance: "plate_1" is a "plate"."""
    return re.sub(r"_\d+$", "", instance)


def name_of(instance: str) -> str:
    """Return the name of an instance; of an unknown model its own words."""
    model = model_of(instance)
    return NAMES.get(model, model.replace("_", " "))

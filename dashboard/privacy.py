"""How much of a picture a viewer gets. Pure."""

from typing import Literal, get_args

Pictures = Literal["shown", "blurred", "none"]
"""Whole pictures, pictures in which no face can be recognised, or none."""

LEVELS: tuple[Pictures, ...] = get_args(Pictures)


def stricter(one: Pictures, other: Pictures) -> Pictures:
    """The one that shows less."""
    return max(one, other, key=LEVELS.index)

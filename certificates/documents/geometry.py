"""Where things stand on the page (A4, points, origin lower left)."""

PAGE = (595.28, 841.89)
LEFT, RIGHT = 62.0, 533.28
FRAME = (30.0, 30.0, 565.28, 811.89)
INNER_TOP, INNER_BOTTOM = 762.0, 66.0

"""Where the institute's seal stands on the cover (A4, points, origin lower left): left free by the drawing, filled by the sealing."""

SEAL_CENTRE = (140.0, 226.0)
SEAL_RADIUS = 61.0
SEAL_BOX = (
    SEAL_CENTRE[0] - SEAL_RADIUS,
    SEAL_CENTRE[1] - SEAL_RADIUS,
    SEAL_CENTRE[0] + SEAL_RADIUS,
    SEAL_CENTRE[1] + SEAL_RADIUS,
)

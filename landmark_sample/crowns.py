"""Draws the tops of masses: roofs, gables, domes and spires."""

from collections.abc import Callable

from landmark_sample import round_crowns
from landmark_sample.mass import Mass
from landmark_sample.pen import Colour, Pen, Point, box, scaled
from landmark_sample.walls import BLACK, THICKNESS, ledge


def draw_crown(pen: Pen, mass: Mass) -> None:
    """Draw a mass's crown on top of its wall."""
    CROWNS[mass.crown](pen, mass)


def _prism(pen: Pen, mass: Mass, outline: list[Point], front: Colour, side: Colour) -> None:
    pen.extrude(outline, min(THICKNESS, mass.width / 2), side)
    pen.fill(outline, front)


def _tiled(pen: Pen, mass: Mass, overhang: float, inset: float) -> None:
    """Draw a roof that narrows by `inset` on each side, with rows of tiles if they are visible."""
    left, right = mass.left - overhang, mass.left + mass.width + overhang
    top_left, top_right = left + inset, right - inset
    pen.fill(
        [(left, mass.top), (right, mass.top), (top_right, mass.summit), (top_left, mass.summit)], mass.roof
    )
    rows = int(mass.crown_height / 0.028) if pen.shows(0.028, 4) else 0
    for row in range(1, rows):
        share = row / rows
        y = mass.top + mass.crown_height * share
        ends = [(left + (top_left - left) * share, y), (right + (top_right - right) * share, y)]
        pen.line(ends, BLACK, 0.003, 0.18)
    ledge(pen, mass)


def balustrade(pen: Pen, mass: Mass) -> None:
    """Draw a cornice with a row of posts under a rail."""
    ledge(pen, mass)
    posts = max(3, round(mass.width / 0.05))
    pitch, height = mass.width / posts, min(mass.crown_height, 0.09)
    for post in range(posts):
        pen.fill(box(mass.left + pitch * (post + 0.25), mass.top + 0.03, pitch * 0.5, height), mass.trim)
    pen.fill(box(mass.left, mass.top + height, mass.width, 0.022), mass.trim)


def battlements(pen: Pen, mass: Mass) -> None:
    """Draw merlons on a projecting parapet."""
    merlons = max(3, round(mass.width / 0.1))
    pitch, height = mass.width / (merlons - 0.45), min(max(mass.crown_height, 0.06), 0.1)
    flare = 0.02
    pen.fill(box(mass.left - flare, mass.top - 0.03, mass.width + 2 * flare, 0.06), scaled(mass.wall, 0.94))
    pen.paint(box(mass.left, mass.top - 0.05, mass.width, 0.02), BLACK, 0.3)
    for merlon in range(merlons):
        _prism(
            pen,
            mass,
            box(mass.left + pitch * merlon, mass.top + 0.02, pitch * 0.55, height),
            mass.wall,
            mass.wall,
        )


def gable(pen: Pen, mass: Mass) -> None:
    """Draw a triangular gable with a trimmed edge."""
    right, peak = mass.left + mass.width, (mass.centre, mass.summit)
    _prism(pen, mass, [(mass.left, mass.top), (right, mass.top), peak], mass.wall, mass.roof)
    pen.line([(mass.left - 0.02, mass.top - 0.02), peak, (right + 0.02, mass.top - 0.02)], mass.trim, 0.03)


def pediment(pen: Pen, mass: Mass) -> None:
    """Draw a gable with a cornice and a recessed triangle."""
    gable(pen, mass)
    ledge(pen, mass)
    inner = [
        (mass.centre - mass.width * 0.36, mass.top + 0.045),
        (mass.centre + mass.width * 0.36, mass.top + 0.045),
        (mass.centre, mass.top + mass.crown_height * 0.78),
    ]
    pen.paint(inner, scaled(mass.wall, 0.78))


def stepped_gable(pen: Pen, mass: Mass) -> None:
    """Draw a gable of steps."""
    steps = max(3, min(6, round(mass.width / 0.12)))
    for step in range(steps):
        width = mass.width * (1 - step / (steps + 0.3))
        foot, height = mass.top + mass.crown_height * step / steps, mass.crown_height / steps
        _prism(pen, mass, box(mass.centre - width / 2, foot, width, height), mass.wall, mass.roof)
        pen.fill(box(mass.centre - width / 2, foot + height * 0.8, width, height * 0.2), mass.trim)


def scrolled_gable(pen: Pen, mass: Mass) -> None:
    """Draw a gable with a curved outline."""
    shares = [
        (1.0, 0.0),
        (0.9, 0.1),
        (0.62, 0.3),
        (0.56, 0.5),
        (0.52, 0.62),
        (0.3, 0.74),
        (0.2, 0.95),
        (0.0, 1.0),
    ]
    half, height = mass.width / 2, mass.crown_height
    outline = [(mass.centre + half * across, mass.top + height * up) for across, up in shares]
    outline += [(2 * mass.centre - x, y) for x, y in reversed(outline[:-1])]
    _prism(pen, mass, outline, mass.wall, mass.roof)
    pen.line(outline, mass.trim, 0.025)


def mansard(pen: Pen, mass: Mass) -> None:
    """Draw a steep roof with a dormer for every second bay."""
    inset = mass.width * 0.06
    _tiled(pen, mass, 0.0, inset)
    pen.fill(box(mass.left + inset, mass.summit - 0.02, mass.width - 2 * inset, 0.025), mass.trim)
    dormers = max(1, mass.bays // 2)
    width, height = min(0.08, mass.width / dormers * 0.5), mass.crown_height * 0.45
    for dormer in range(dormers):
        x = mass.left + mass.width * (dormer + 0.5) / dormers
        pen.fill(box(x - width * 0.65, mass.top + 0.04, width * 1.3, height * 1.15), mass.trim)
        pen.paint(box(x - width * 0.4, mass.top + 0.05, width * 0.8, height * 0.9), (58, 66, 78))


def pyramid(pen: Pen, mass: Mass) -> None:
    """Draw a steep roof of four sides with a finial."""
    ledge(pen, mass)
    right, peak = mass.left + mass.width, (mass.centre, mass.summit)
    pen.fill([(mass.left, mass.top + 0.03), (right, mass.top + 0.03), peak], mass.roof)
    sunny = mass.left if pen.standpoint.sun < 0 else right
    pen.paint([(mass.centre, mass.top + 0.03), (sunny, mass.top + 0.03), peak], (255, 255, 255), 0.12)
    round_crowns.finial(pen, mass)


def eaves(pen: Pen, mass: Mass) -> None:
    """Draw a curved roof with wide eaves and upturned corners."""
    half, reach, height = mass.width / 2, min(mass.width * 0.16 + 0.09, 0.21), mass.crown_height
    right = [(half + reach, height * 0.3), (half + reach * 0.55, height * 0.12), (half * 0.5, 0.0)]
    right_top = [(half * 0.8, height), (half * 0.95, height * 0.62), (half + reach * 0.5, height * 0.4)]
    side = [(mass.centre + x, mass.top + y) for x, y in [*right_top, *right]]
    outline = side + [(2 * mass.centre - x, y) for x, y in reversed(side)]
    pen.paint(box(mass.left, mass.top - 0.05, mass.width, 0.05), BLACK, 0.3)
    pen.fill(outline, mass.roof)
    pen.line([side[5], side[4], side[3]], mass.trim, 0.015)
    pen.line([(2 * mass.centre - x, y) for x, y in (side[5], side[4], side[3])], mass.trim, 0.015)


def finial_roof(pen: Pen, mass: Mass) -> None:
    """Draw the top of a pagoda: eaves, a peak and a pole."""
    eaves(pen, mass)
    half, height = mass.width / 2 * 0.85, mass.crown_height
    foot, peak = mass.top + height * 0.9, (mass.centre, mass.summit + min(0.1, height * 0.5))
    pen.fill([(mass.centre - half, foot), (mass.centre + half, foot), peak], mass.roof)
    pen.fill(box(mass.centre - 0.012, mass.summit, 0.024, 0.2), mass.trim)


def antenna(pen: Pen, mass: Mass) -> None:
    """Draw a flat roof with a mast."""
    ledge(pen, mass, 0.04)
    _prism(
        pen, mass, box(mass.centre - mass.width * 0.3, mass.top, mass.width * 0.6, 0.09), mass.wall, mass.wall
    )
    pen.fill(box(mass.centre - 0.011, mass.top + 0.05, 0.022, mass.crown_height), mass.trim)


def slope(pen: Pen, mass: Mass) -> None:
    """Draw a roof that rises to the right."""
    right = mass.left + mass.width
    _prism(pen, mass, [(mass.left, mass.top), (right, mass.top), (right, mass.summit)], mass.roof, mass.wall)


CROWNS: dict[str, Callable[[Pen, Mass], None]] = {
    "antenna": antenna,
    "balustrade": balustrade,
    "battlements": battlements,
    "bell": round_crowns.bell,
    "cone": round_crowns.cone,
    "cornice": lambda pen, mass: ledge(pen, mass, mass.crown_height if mass.crown_height < 0.08 else 0.04),
    "dome": round_crowns.dome,
    "eaves": eaves,
    "finial roof": finial_roof,
    "gable": gable,
    "hip": lambda pen, mass: _tiled(pen, mass, 0.03, min(mass.width * 0.35, mass.crown_height)),
    "lantern": round_crowns.lantern,
    "mansard": mansard,
    "none": lambda _pen, _mass: None,
    "onion": round_crowns.onion,
    "pediment": pediment,
    "pyramid": pyramid,
    "ribbed dome": round_crowns.ribbed_dome,
    "scrolled gable": scrolled_gable,
    "slope": slope,
    "spire": round_crowns.spire,
    "stepped gable": stepped_gable,
}

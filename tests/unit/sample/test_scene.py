"""Every landmark is a different building that can be drawn."""

import numpy as np
import pytest

from landmark_sample.building import draw_building
from landmark_sample.chance import Chance
from landmark_sample.compositions import COMPOSITIONS
from landmark_sample.crowns import CROWNS
from landmark_sample.ornaments import EMBLEMS, GROUND_FLOORS
from landmark_sample.pen import Standpoint
from landmark_sample.scene import ROOFS, WALLS, design_scene
from landmark_sample.walls import OPENINGS, TEXTURES

SCENES = [design_scene(0, str(number)) for number in range(150)]


def test_every_kind_of_building_occurs():
    assert {scene.kind for scene in SCENES} == set(COMPOSITIONS)


def test_no_two_landmarks_have_the_same_building():
    assert len({scene.masses for scene in SCENES}) == len(SCENES)


def test_the_same_id_gives_the_same_building():
    assert design_scene(0, "4217") == design_scene(0, "4217") != design_scene(1, "4217")


def test_landmarks_share_a_few_colours():
    assert {scene.masses[0].wall for scene in SCENES if scene.kind != "gabled row"} == set(WALLS)
    assert {mass.roof for scene in SCENES for mass in scene.masses} == set(ROOFS)


def test_masses_refer_only_to_existing_drawings():
    for mass in (mass for scene in SCENES for mass in scene.masses):
        assert mass.crown in CROWNS
        assert mass.ground in GROUND_FLOORS
        assert mass.emblem in EMBLEMS
        assert mass.window in OPENINGS
        assert mass.texture in TEXTURES


@pytest.mark.parametrize("kind", sorted(COMPOSITIONS))
def test_every_kind_of_building_fits_its_canvas_at_any_slant(kind):
    for scene in [scene for scene in SCENES if scene.kind == kind][:3]:
        for slant in (-0.62, 0.0, 0.62):
            cover = np.asarray(draw_building(scene, Standpoint(slant=slant), 60, Chance(0, ())).cover)
            assert not cover[0].any()
            assert not cover[:, [0, -1]].any()
            assert 0.1 < (cover > 0).mean() < 0.95


def test_windows_glow_only_where_they_are_lit():
    scene = next(scene for scene in SCENES if scene.kind == "palace")
    dark, lit = (
        np.asarray(draw_building(scene, Standpoint(lit_windows=share), 100, Chance(0, ())).glow)
        for share in (0.0, 1.0)
    )
    assert not dark.any()
    assert lit.any()

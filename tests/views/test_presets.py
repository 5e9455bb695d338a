"""Presets hold the published settings and take overrides by name."""

from __future__ import annotations

import pytest
import torch

from nearfar.views import (
    VIEW_PRESETS,
    byol_views,
    digits_views,
    image_views,
    moco_v1_views,
    moco_v2_views,
    simclr_views,
    vicreg_views,
)


def colour(views: object) -> tuple[float, ...]:
    names = ("jitter", "brightness", "contrast", "saturation", "hue", "grey")
    return tuple(getattr(views, name) for name in names)


def test_large_presets_hold_the_published_settings() -> None:
    assert colour(simclr_views(size=224)) == (0.8, 0.8, 0.8, 0.8, 0.2, 0.2)
    assert colour(moco_v1_views(size=224)) == (1.0, 0.4, 0.4, 0.4, 0.4, 0.2)
    assert colour(moco_v2_views(size=224)) == (0.8, 0.4, 0.4, 0.4, 0.1, 0.2)
    assert colour(byol_views(size=224)) == (0.8, 0.4, 0.4, 0.2, 0.1, 0.2)
    assert simclr_views(size=224).crop_scale == byol_views(size=224).crop_scale == (0.08, 1.0)
    assert moco_v1_views(size=224).crop_scale == moco_v2_views(size=224).crop_scale == (0.2, 1.0)
    assert simclr_views(size=224).blur == moco_v2_views(size=224).blur == (0.5,)
    assert moco_v1_views(size=224).blur == (0.0,)
    assert byol_views(size=224).blur == (1.0, 0.1)
    assert byol_views(size=224).solarise == (0.0, 0.2)
    assert vicreg_views(size=224).settings() == byol_views(size=224).settings()


@pytest.mark.parametrize("preset", sorted(VIEW_PRESETS))
def test_small_images_are_not_blurred_unless_asked(preset: str) -> None:
    assert image_views(preset, size=32, channels=3).blur == (0.0,)
    assert image_views(preset, size=32, channels=3, blur=(0.3,)).blur == (0.3,)


def test_small_images_get_half_of_simclrs_colour() -> None:
    assert colour(simclr_views(size=32)) == (0.8, 0.4, 0.4, 0.4, 0.1, 0.2)


def test_digits_are_not_mirrored_and_have_nothing_left_out() -> None:
    views = digits_views(size=16)
    assert views.flip == 0.0
    assert views.notes == ()


@pytest.mark.parametrize("preset", sorted(VIEW_PRESETS))
@pytest.mark.parametrize("channels", [1, 3, 7])
def test_every_preset_makes_two_views(preset: str, channels: int) -> None:
    views = image_views(preset, size=12, channels=channels)
    images = torch.randint(0, 256, (3, channels, 14, 10), dtype=torch.uint8)
    made = views(images, torch.arange(3), seed=0, epoch=0)
    assert [view.shape for view in made] == [(3, channels, 12, 12)] * 2


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"`preset` must be one of .*did you mean 'simclr'"):
        image_views("simcrl", size=32, channels=3)


def test_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r".*did you mean 'crop_scale'"):
        image_views("simclr", size=32, channels=3, crop_scal=(0.2, 1.0))

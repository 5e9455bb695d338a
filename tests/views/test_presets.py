"""Presets hold the published settings and take overrides by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from nearfar import methods, views
from nearfar.methods._preset import is_preset, served
from nearfar.views import (
    ImageViews,
    amdim_views,
    autoencoder_views,
    byol_views,
    curl_views,
    deep_infomax_views,
    digits_views,
    drawing_views,
    moco_v1_views,
    moco_v2_views,
    simclr_views,
    swav_views,
    vicreg_views,
)

WHOLE = [  # cpc_v2_views show patches
    amdim_views,
    autoencoder_views,
    byol_views,
    curl_views,
    deep_infomax_views,
    digits_views,
    moco_v1_views,
    moco_v2_views,
    simclr_views,
    swav_views,
    vicreg_views,
]


def color(views: object) -> tuple[float, ...]:
    names = ("jitter", "brightness", "contrast", "saturation", "hue", "gray")
    return tuple(getattr(views, name) for name in names)


def test_large_presets_hold_the_published_settings() -> None:
    assert color(simclr_views(size=224)) == (0.8, 0.8, 0.8, 0.8, 0.2, 0.2)
    assert color(moco_v1_views(size=224)) == (1.0, 0.4, 0.4, 0.4, 0.4, 0.2)
    assert color(moco_v2_views(size=224)) == (0.8, 0.4, 0.4, 0.4, 0.1, 0.2)
    assert color(byol_views(size=224)) == (0.8, 0.4, 0.4, 0.2, 0.1, 0.2)
    assert simclr_views(size=224).crop_scale == byol_views(size=224).crop_scale == (0.08, 1.0)
    assert moco_v1_views(size=224).crop_scale == moco_v2_views(size=224).crop_scale == (0.2, 1.0)
    assert simclr_views(size=224).blur == moco_v2_views(size=224).blur == (0.5,)
    assert moco_v1_views(size=224).blur == (0.0,)
    assert byol_views(size=224).blur == (1.0, 0.1)
    assert byol_views(size=224).solarize == (0.0, 0.2)
    assert vicreg_views(size=224).settings() == byol_views(size=224).settings()


@pytest.mark.parametrize("make", WHOLE)
def test_small_images_are_not_blurred_unless_asked(make: Callable[..., ImageViews]) -> None:
    assert make(size=32).blur == (0.0,)
    assert make(size=32, blur=(0.3,)).blur == (0.3,)


def test_small_images_get_half_of_simclrs_color() -> None:
    assert color(simclr_views(size=32)) == (0.8, 0.4, 0.4, 0.4, 0.1, 0.2)


def test_digits_are_not_mirrored_and_have_nothing_left_out() -> None:
    views = digits_views(size=16)
    assert views.flip == 0.0
    assert views.notes == ()


@pytest.mark.parametrize("make", WHOLE)
@pytest.mark.parametrize("channels", [1, 3, 7])
def test_every_preset_makes_as_many_views_as_its_method_takes(
    make: Callable[..., ImageViews], channels: int
) -> None:
    views = make(size=12, channels=channels)
    images = torch.randint(0, 256, (3, channels, 14, 10), dtype=torch.uint8)
    made = views(images, torch.arange(3), seed=0, epoch=0)
    large = {autoencoder_views: 1, deep_infomax_views: 1, curl_views: 3}.get(make, 2)
    small = 4 if make is swav_views else 0
    sizes = [12] * large + [6] * small
    assert [view.shape for view in made] == [(3, channels, size, size) for size in sizes]
    assert views.num_views == len(made)


def test_swav_shows_large_crops_and_small_ones_below_their_scale() -> None:
    views = swav_views(size=224)
    assert (views.num_views, views.small_views, views.small_size) == (8, 6, 96)
    assert views.crop_scale == (0.14, 1.0)
    assert views.small_scale == (0.05, 0.14)
    assert color(views) == color(simclr_views(size=224))
    assert views.blur == (0.5,)
    assert swav_views(size=224, small_views=0).num_views == 2


def test_small_images_get_fewer_and_larger_small_crops() -> None:
    views = swav_views(size=32)
    assert (views.small_views, views.small_size, views.small_scale) == (4, 16, (0.1, 0.3))


def test_amdim_mirrors_both_views_alike() -> None:
    views = amdim_views(size=128)
    assert views.shared_flip
    assert color(views) == (0.8, 0.4, 0.4, 0.4, 0.2, 0.25)
    assert (views.crop_scale, views.crop_ratio) == ((0.3, 1.0), (0.7, 1.4))


def test_curl_shows_an_anchor_and_a_block_of_two_or_of_any_size() -> None:
    assert curl_views(size=32).num_views == 3
    assert curl_views(size=32, num_views=6).num_views == 6


def test_drawings_have_the_number_of_views_of_the_method_and_no_small_crops_unasked() -> None:
    curl, swav = (drawing_views(make, size=28, channels=1) for make in (curl_views, swav_views))
    plain = digits_views(size=28)
    assert isinstance(curl, ImageViews)
    assert curl.num_views == 3
    assert swav.num_views == 2
    assert (curl.crop_scale, curl.flip, curl.rotation) == (plain.crop_scale, 0.0, plain.rotation)
    asked = drawing_views(swav_views, size=28, channels=1, small_views=2)
    assert (asked.num_views, asked.small_size, asked.small_scale) == (4, 14, (0.3, 0.5))


def test_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r".*did you mean 'crop_scale'"):
        simclr_views(size=32, channels=3, crop_scal=(0.2, 1.0))


def test_names_of_0_1_warn_and_still_work() -> None:
    with pytest.warns(DeprecationWarning, match="use nearfar.views.WithIndex"):
        assert views.Beside is views.WithIndex
    with pytest.warns(DeprecationWarning, match="such as nearfar.views.simclr_views"):
        by_name = views.image_views
    found = by_name("moco-v1", size=32, channels=3)
    assert found.settings() == moco_v1_views(size=32).settings()
    with pytest.raises(ValueError, match=r"`preset` must be one of .*did you mean 'simclr'"):
        by_name("simcrl", size=32, channels=3)
    with pytest.warns(DeprecationWarning, match="the `serves` of each class"):
        table = views.VIEW_PRESETS
    with pytest.raises(AttributeError, match="no attribute 'VIEWS'"):
        _ = views.VIEWS
    presets = {name: getattr(methods, name) for name in methods.__all__}
    presets = {name: preset for name, preset in presets.items() if is_preset(preset)}
    for name, make in table.items():
        if name == "digits":
            continue
        declared = served(presets[name.replace("-", "_")], "images")
        assert declared is not None
        assert declared.views.make is make

"""A folder of image files, whole or not."""

from __future__ import annotations

import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar.data import FolderSource, open_source
from tests.data.pictures import encoded, fill, picture, truncate
from tests.every import every


def test_images_are_found_in_any_nesting_and_ordered_by_path(tmp_path: Path) -> None:
    fill(tmp_path / "b" / "deep" / "deeper", 1)
    fill(tmp_path / "a", 2, ending=".png")
    fill(tmp_path / ".hidden", 1)
    source = open_source(tmp_path)
    names = [source.identify(sample) for sample in source.samples.tolist()]
    assert names == ["a/000.png", "a/001.png", "b/deep/deeper/000.jpg"]
    assert source.name == tmp_path.name


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".JPEG"])
def test_every_format_gives_its_pixels(tmp_path: Path, ending: str) -> None:
    fill(tmp_path, 2, ending=ending)
    images = open_source(tmp_path).read([1]).inputs.pixels
    expected = torch.from_numpy(np.array(picture(1))).permute(2, 0, 1)
    assert images.shape == (1, 3, 30, 40)
    lossy = ending in (".jpg", ".webp", ".gif", ".JPEG")
    difference = (images[0].float() - expected.float()).abs().mean().item()
    assert difference < 12 if lossy else difference == 0


@pytest.mark.parametrize(
    ("mode", "ending", "channels"),
    [
        ("L", ".png", 1),
        ("1", ".png", 1),
        ("LA", ".png", 1),
        ("P", ".png", 3),
        ("RGBA", ".png", 3),
        ("CMYK", ".jpg", 3),
    ],
)
def test_every_color_mode_is_read(tmp_path: Path, mode: str, ending: str, channels: int) -> None:
    for number in range(2):
        base = picture(number, mode="RGBA" if mode in ("LA", "RGBA") else "RGB")
        base.convert(mode).save(tmp_path / f"{number}{ending}")
    source = open_source(tmp_path)
    assert source.channels == channels
    assert source.read([0, 1]).inputs.pixels.dtype == torch.uint8


def test_a_gray_palette_counts_as_gray(tmp_path: Path) -> None:
    for number in range(2):
        picture(number, mode="L").save(tmp_path / f"{number}.gif")
    assert open_source(tmp_path).channels == 1


def test_gray_and_color_files_together_are_color(tmp_path: Path) -> None:
    fill(tmp_path / "grey", 2, mode="L")
    fill(tmp_path / "colour", 1)
    images = open_source(tmp_path).read([0, 1, 2]).inputs.pixels
    assert images.shape[1] == 3
    assert torch.equal(images[1, 0], images[1, 2])


def test_color_files_are_made_gray_where_one_channel_is_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, 2, ending=".png")
    images = open_source(tmp_path, channels=1).read([0]).inputs.pixels
    expected = torch.from_numpy(np.array(picture(0).convert("L")))
    assert torch.equal(images[0, 0], expected)


def test_what_is_transparent_is_shown_over_white(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGBA", (8, 8), (200, 0, 0, 0 if number else 255)).save(
            tmp_path / f"{number}.png"
        )
    solid, clear = open_source(tmp_path).read([0, 1]).inputs.pixels
    assert solid[:, 0, 0].tolist() == [200, 0, 0]
    assert bool((clear == 255).all())


def test_four_channels_keep_alpha(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGBA", (8, 8), (200, 0, 0, 7)).save(tmp_path / f"{number}.png")
    assert open_source(tmp_path, channels=4).read([0]).inputs.pixels[0, :, 0, 0].tolist() == [
        200,
        0,
        0,
        7,
    ]


@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_a_palette_with_transparent_entries_is_shown_over_white(
    tmp_path: Path, memory: int
) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 0)
    for number in range(2):
        image.save(tmp_path / f"{number}.png", transparency=bytes([255, 0]))
    pixels = FolderSource(tmp_path, memory=memory).read([0]).inputs.pixels[0]
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("ending", [".gif", ".tif", ".webp"])
def test_of_several_frames_the_first_is_taken_and_the_others_are_counted(
    tmp_path: Path, ending: str
) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]
    for number in range(2):
        frames[0].save(tmp_path / f"{number}{ending}", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / f"2{ending}")
    source = open_source(tmp_path)
    red, _, blue = source.read([0]).inputs.pixels[0].float().mean((1, 2)).tolist()
    assert red > 200
    assert blue < 50
    assert source.notes == (
        "4 further frames of 2 files left out, as only the first frame or page of a file is read:"
        f" 0{ending} (3 frames), 1{ending} (3 frames)",
    )


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_sixteen_bits_keep_their_precision(tmp_path: Path, ending: str) -> None:
    values = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    for number in range(2):
        Image.fromarray(values).save(tmp_path / f"{number}{ending}")
    images = open_source(tmp_path).read([0]).inputs.pixels
    assert torch.equal(images[0, 0], torch.from_numpy((values / 65535).astype(np.float32)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honored(tmp_path: Path, orientation: int) -> None:
    upright = picture(3, size=(40, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    for number in range(2):
        stored.save(tmp_path / f"{number}.png", exif=exif)
    image = open_source(tmp_path).read([0]).inputs.pixels[0]
    assert torch.equal(image, torch.from_numpy(np.array(upright)).permute(2, 0, 1))


def test_images_of_different_sizes_are_padded_at_the_bottom_and_right(tmp_path: Path) -> None:
    picture(0, size=(40, 20)).save(tmp_path / "wide.png")
    picture(1, size=(20, 30)).save(tmp_path / "tall.png")
    batch = open_source(tmp_path).read([1, 0])
    assert batch.inputs.pixels.shape == (2, 3, 30, 40)
    assert batch.inputs.sizes is not None
    assert batch.inputs.sizes.tolist() == [[20, 40], [30, 20]]
    assert not batch.inputs.pixels[0, :, 20:].any()
    assert not batch.inputs.pixels[1, :, :, 20:].any()
    assert open_source(tmp_path).read([0]).inputs.sizes is None


def test_large_images_are_reduced_and_small_ones_left(tmp_path: Path) -> None:
    picture(0, size=(900, 600)).save(tmp_path / "a.jpg")
    picture(1, size=(50, 40)).save(tmp_path / "b.jpg")
    picture(2, size=(2000, 100)).save(tmp_path / "c.jpg")
    source = open_source(tmp_path, short_side=64)
    shapes = [tuple(source.read([position]).inputs.pixels.shape[2:]) for position in range(3)]
    assert shapes == [(64, 96), (40, 50), (6, 128)]
    assert source.describe() == "3 colour images 50×40 to 900×600"
    reduced = np.array(picture(0, size=(900, 600)).resize((96, 64), Image.Resampling.BILINEAR))
    found = source.read([0]).inputs.pixels[0].permute(1, 2, 0).numpy()
    assert np.abs(found.astype(float) - reduced).mean() < 3


@pytest.mark.parametrize(
    ("side", "shown"), [(8, 16), (28, 28), (50, 52), (96, 96), (120, 96), (200, 128), (300, 224)]
)
def test_the_size_of_views_follows_the_usual_short_side(
    tmp_path: Path, side: int, shown: int
) -> None:
    for number in range(2):
        picture(number, size=(side + 9, side)).save(tmp_path / f"{number}.png")
    assert open_source(tmp_path).image_size == shown


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no images in .* which is empty; images end in \.bmp"):
        open_source(tmp_path)


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("a,b")
    with pytest.raises(ValueError, match=r"contains 1 other file: labels\.csv"):
        open_source(tmp_path)


def test_a_single_image_can_be_embedded_but_not_trained_on(tmp_path: Path) -> None:
    (path,) = fill(tmp_path, 1, ending=".png")
    folder, file = open_source(tmp_path), open_source(path)
    assert (len(folder), len(file), file.identify(0)) == (1, 1, path.name)
    assert torch.equal(folder.read([0]).inputs.pixels, file.read([0]).inputs.pixels)
    with pytest.raises(ValueError, match="`data` must have at least 2 samples for training, got 1"):
        nearfar.pretrain("simclr", path, epochs=1, out=tmp_path / "run")


def test_a_folder_can_hold_a_single_image(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    assert open_source(tmp_path).describe() == "1 colour image 40×30"


def test_a_folder_without_a_readable_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(ValueError, match=r"cannot be used, 1 of 1: a\.png \(not an image\)"):
        open_source(tmp_path)


def test_a_tenth_of_bad_files_is_skipped_counted_and_listed(tmp_path: Path) -> None:
    paths = fill(tmp_path, 18)
    truncate(paths[4])
    (tmp_path / "page.png").write_text("<html>not found</html>")
    (tmp_path / "readme.txt").write_text("photos")
    (tmp_path / "empty.jpg").touch()
    source = open_source(tmp_path)
    assert len(source) == 17
    assert "004.jpg" not in {source.identify(sample) for sample in range(17)}
    assert source.notes == (
        "1 other file ignored: readme.txt",
        "3 of 20 files skipped: 004.jpg (truncated), empty.jpg (not an image),"
        " page.png (not an image)",
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_a_truncated_file_of_every_format_is_skipped_at_opening(
    tmp_path: Path, kind: str, memory: int
) -> None:
    for number in range(4):
        (tmp_path / f"{number}.{kind.lower()}").write_bytes(encoded(number, kind=kind))
    truncate(tmp_path / f"2.{kind.lower()}")
    source = FolderSource(tmp_path, memory=memory)
    assert [source.identify(sample)[0] for sample in range(len(source))] == ["0", "1", "3"]
    assert source.read([0, 1, 2]).inputs.pixels.shape == (3, 3, 30, 40)


@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_more_than_half_bad_files_are_an_error(tmp_path: Path, memory: int) -> None:
    paths = fill(tmp_path, 5)
    for path in paths[:3]:
        truncate(path)
    with pytest.raises(ValueError, match=r"more than half .* 3 of 5: 000\.jpg \(.*\), 001"):
        FolderSource(tmp_path, memory=memory)


def damage_in_the_middle(path: Path) -> None:
    """A PNG with a wrong checksum in its pixels: header and end are as they should be."""
    content = bytearray(path.read_bytes())
    start = content.index(b"IDAT") + 4
    length = int.from_bytes(content[start - 8 : start - 4], "big")
    content[start : start + length] = bytes(length)
    content[start + length : start + length + 4] = zlib.crc32(
        bytes(content[start - 4 : start + length])
    ).to_bytes(4, "big")
    path.write_bytes(content)


def test_damage_in_the_middle_is_found_at_opening_where_all_is_decoded(tmp_path: Path) -> None:
    paths = fill(tmp_path, 4, ending=".png")
    damage_in_the_middle(paths[1])
    source = FolderSource(tmp_path)
    assert len(source) == 3
    assert "1 of 4 files skipped: 001.png" in source.notes[0]


def test_damage_found_while_reading_is_shown_black_and_noted(tmp_path: Path) -> None:
    paths = fill(tmp_path, 4, ending=".png")
    damage_in_the_middle(paths[1])
    source = FolderSource(tmp_path, memory=0)
    assert (len(source), source.notes) == (4, ())
    first, second = source.read([0, 1, 2, 3]), source.read([0, 1, 2, 3])
    assert not first.inputs.pixels[1].any()
    assert first.inputs.pixels[[0, 2, 3]].any(dim=(1, 2, 3)).all()
    assert torch.equal(first.inputs.pixels, second.inputs.pixels)
    assert source.notes[0].startswith("1 damaged file shown as black: 001.png (")


def test_a_file_that_vanishes_stops_the_reading(tmp_path: Path) -> None:
    paths = fill(tmp_path, 3)
    source = FolderSource(tmp_path, memory=0)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"001\.jpg"):
        source.read([1])


@pytest.mark.parametrize("factor", [1.5, 3])
def test_a_decompression_bomb_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    fill(tmp_path, 3, ending=".png")
    side = 100
    Image.new("L", (side, side)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(side * side / factor))
    source = open_source(tmp_path)
    assert len(source) == 3
    assert "1 of 4 files skipped: bomb.png (" in source.notes[0]
    assert "pixels, the limit is" in source.notes[0]


def test_odd_file_names_survive(tmp_path: Path) -> None:
    names = ["<b>&'\".png", "line\nbreak.png", "Ünï 図 \u202e.png", "a  b;$(x).png"]
    for number, name in enumerate(names):
        picture(number).save(tmp_path / name)
    with open(bytes(tmp_path) + b"/\xff\xfe.png", "wb") as file:  # noqa: PTH123  (no str has this name)
        file.write(encoded(9, kind="PNG"))
    source = open_source(tmp_path)
    found = [source.identify(sample) for sample in range(len(source))]
    assert set(names) <= set(found)
    assert "\\udcff\\udcfe.png" in found
    assert every(name.encode("utf-8") for name in found)
    assert len(source.read(range(5)).inputs.pixels) == 5


def test_notes_stay_on_one_line(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    (tmp_path / "line\nbreak.png").write_text("no image")
    (note,) = open_source(tmp_path).notes
    assert "line\\nbreak.png (not an image)" in note
    assert "\n" not in note


def test_constant_images_are_allowed(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGB", (8, 8), (9, 9, 9)).save(tmp_path / f"{number}.png")
    assert bool((open_source(tmp_path).read([0, 1]).inputs.pixels == 9).all())


def test_links_in_a_circle_and_pipes_do_not_hang(tmp_path: Path) -> None:
    import os

    fill(tmp_path / "a", 2)
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    source = open_source(tmp_path)
    assert len(source) == 2
    assert source.notes[0] == "1 link to what has another path ignored: a/again"
    assert "gone.jpg (not a regular file), pipe.jpg (not a regular file)" in source.notes[1]


def test_decoding_when_read_gives_what_the_memory_gives(tmp_path: Path) -> None:
    for number in range(6):
        picture(number, size=(60 + 7 * number, 50)).save(tmp_path / f"{number}.jpg")
    held, read = FolderSource(tmp_path), FolderSource(tmp_path, memory=0)
    order = [4, 0, 5, 0]
    assert torch.equal(held.read(order).inputs.pixels, read.read(order).inputs.pixels)
    assert held.fingerprint == read.fingerprint
    assert [t.name for t in threading.enumerate() if "ThreadPool" in t.name] == []


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    before = open_source(tmp_path).fingerprint
    assert open_source(tmp_path).fingerprint == before
    picture(9, size=(41, 30)).save(tmp_path / "003.jpg")
    assert open_source(tmp_path).fingerprint != before


@pytest.mark.parametrize("channels", [0, 2, 5])
def test_files_cannot_have_any_number_of_channels(tmp_path: Path, channels: int) -> None:
    with pytest.raises(ValueError, match=f"`channels` must be 1, 3 or 4 .*, got {channels}"):
        open_source(tmp_path, channels=channels)

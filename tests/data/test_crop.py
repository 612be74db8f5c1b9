import json
import pathlib
import shutil

import numpy as np
import pytest
from conftest import call, refusal, refuses
from PIL import Image

from anime_gan_tf.data import crop_record, crop_sheet, cropping, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation.detection import Face
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import locking

RED = np.array([255, 0, 0])
FINDER = "find() below"


def find(picture):
    """Red squares are the faces of these tests: found by their pixels, largest first."""
    pixels = np.asarray(picture).astype(int)
    red = (np.abs(pixels - RED).sum(axis=2) < 60)
    faces = []
    while red.any():
        top, left = np.argwhere(red)[0]
        # One that is cut off at a side is as wide as it is high.
        side = max(int(np.argmin(np.append(line, False)))
                   for line in (red[top, left:], red[top:, left]))
        red[top:top + side, left:left + side] = False
        faces.append(Face(left + side / 2, top + side / 2, float(side), 0.9))
    return sorted(faces, key=lambda face: -face.side)


def painting(size, *squares):
    """A gray picture of (width, height) with red squares (left, top, side). Each is of reds of its
    own, so that no two crops are equal."""
    width, height = size
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([40 + rows * 100 // height, 40 + columns * 100 // width,
                       np.full(rows.shape, 90)], axis=2).astype(np.uint8)
    for left, top, side in squares:
        green = np.random.default_rng([*size, left, top, side]).integers(0, 50, (6, 6))
        spots = np.arange(side) * 6 // side
        pixels[top:top + side, left:left + side] = (255, 0, 0)
        pixels[top:top + side, left:left + side, 1] = green[spots[:, None], spots]
    return Image.fromarray(pixels)


def save(path, picture, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
    return path


def cut(folder, out, size=32, **options):
    """(Record, Result) of a crop of a folder with the finder above."""
    options = crop_record.Options(size, **{"margin": 0.0} | options)
    record = crop_record.Record(out, options, FINDER)
    return record, cropping.crop(sources.open_path(folder, Labels({})), find, record, options)


def entry(record, name):
    """The last entry of a name."""
    return [each for each in record.pictures if each["name"] == name][-1]


def states(record, name):
    """Of the faces of a picture, as they are in the folder now."""
    found = entry(record, name)
    return [record.state(found, face) for face in found["faces"]]


def info(path):
    with Image.open(path) as image:
        return json.loads(image.info["anime_gan_tf"])


@pytest.mark.parametrize("face, size, margin, expected", [
    ((50, 40, 20), (100, 100), 0.0, ((40, 30, 20), None)),
    ((50, 40, 20), (100, 100), 0.25, ((35, 25, 30), None)),
    ((11, 50, 20), (100, 100), 0.05, ((0, 39, 22), None)),
    ((8, 50, 20), (100, 100), 0.1, ((0, 38, 24), crop_record.AT_EDGE)),   # by 4 of 24
    ((93, 50, 20), (100, 100), 0.0, ((80, 40, 20), crop_record.AT_EDGE)),
    ((50, 20, 40), (100, 42), 0.025, ((29, 0, 42), None)),
    ((50, 20, 60), (100, 40), 0.0, ((30, 0, 40), crop_record.AT_EDGE))])
def test_the_square_is_inside_of_the_picture(face, size, margin, expected):
    assert cropping.square(Face(*face, 1.0), size, margin) == expected


def test_faces_are_cut_with_their_place_and_the_rest_is_counted(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    save(folder / "two.png", painting((200, 120), (20, 30, 40), (100, 20, 60)))
    save(folder / "deep/two.png", painting((90, 90), (10, 20, 50)))
    save(folder / "small.png", painting((100, 100), (50, 50, 12)))
    save(folder / "edge.png", painting((100, 100), (40, 40, 20)).crop((0, 0, 53, 100)))
    save(folder / "none.png", painting((100, 100)))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    before = {path: path.read_bytes() for path in folder.rglob("*.png")}
    record, result = cut(folder, out, margin=0.1)
    assert {path: path.read_bytes() for path in folder.rglob("*.png")} == before
    assert sorted(result.new) == sorted(str(path.relative_to(folder)) for path in before)
    assert states(record, "two.png") == [crop_record.TAKEN, crop_record.TAKEN]
    assert states(record, "small.png") == [crop_record.SMALL]
    assert entry(record, "none.png")["why"] == crop_record.NO_FACE
    assert result.unreadable["broken.png"].startswith(crop_record.UNREADABLE)
    # Names tell the folders apart, the largest face is the first.
    assert sorted(path.name for path in out.glob("*.png")) == [
        "deep_two_1.png", "two_1.png", "two_2.png"]
    found = info(out / "two_1.png")
    assert found["source"] == "two.png" and found["box"] == [94, 14, 166, 86]
    assert info(out / "two_2.png")["box"] == [16, 26, 64, 74]
    with Image.open(out / "two_1.png") as image:
        assert image.size == (32, 32) and image.getpixel((16, 16))[0] > 250
        assert image.getpixel((0, 0))[0] < 150  # the margin
    counted = crop_sheet.counts(record, result)
    assert counted == {crop_record.TAKEN: 3, crop_record.SMALL: 1, crop_record.AT_EDGE: 1,
                       crop_record.NO_FACE: 1, crop_record.UNREADABLE: 1}
    assert set(counted) & set(crop_sheet.OF_PICTURES) == {
        crop_record.NO_FACE, crop_record.UNREADABLE}
    sheet = crop_sheet.draw(sources.open_path(folder, Labels({})), record, result, "title")
    assert sheet.shape[1:] == (crop_sheet.WIDTH, 3) and len(sheet) > 3 * crop_sheet.FACE
    # Training takes the folder as it is: faces only.
    source = sources.open_path(out, Labels({}))
    assert sorted(source.names) == ["deep_two_1.png", "two_1.png", "two_2.png"]
    assert not source.notes


def test_what_is_cut_is_not_cut_again(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    save(folder / "a.png", painting((80, 80), (10, 10, 40)))
    save(folder / "b.png", painting((90, 70), (30, 20, 30)))
    save(folder / "c.png", painting((90, 70)))
    cut(folder, out)
    written = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    (out / "b_1.png").unlink()  # a user who does not like it
    save(folder / "d.png", painting((70, 90), (5, 50, 30)))
    record, result = cut(folder, out)
    assert result.new == ["d.png"]
    assert sorted(path.name for path in out.glob("*.png")) == ["a_1.png", "d_1.png"]
    assert (out / "a_1.png").stat().st_mtime_ns == written["a_1.png"]
    assert len(record.taken()) == 2
    assert crop_sheet.counts(record, result) == {crop_record.TAKEN: 2, crop_record.DELETED: 1,
                                         crop_record.NO_FACE: 1}
    save(folder / "c.png", painting((90, 70), (30, 20, 40)))  # another picture of the same name
    record, result = cut(folder, out)
    assert result.new == ["c.png"] and (out / "c_1.png").exists() and not result.changed
    (folder / "b.png").write_bytes(b"")
    assert cut(folder, out)[1].new == []  # not new, nor forgotten
    assert cut(folder, out)[1].new == []
    save(folder / "b.png", painting((90, 70), (30, 20, 30)))
    assert cut(folder, out)[1].new == [] and not (out / "b_1.png").exists()


def test_pictures_are_known_by_their_content(tmp_path):
    folder, out = tmp_path / "sets/in", tmp_path / "out"
    save(folder / "a.png", painting((80, 80), (10, 10, 40)))
    save(folder / "b.png", painting((90, 70), (30, 20, 30)))
    cut(folder, out)
    (out / "a_1.png").unlink()
    with open(folder / "a.png", "ab") as file:
        file.write(b"\0")  # the same pixels
    (folder / "b.png").rename(folder / "c.png")
    shutil.copy(folder / "c.png", folder / "copy.png")
    folder.rename(tmp_path / "sets/renamed")
    record, result = cut(tmp_path / "sets", out)
    assert result.new == [] and states(record, "renamed/a.png") == [crop_record.DELETED]
    assert states(record, "renamed/c.png") == [crop_record.TAKEN]
    assert result.copies == ["renamed/copy.png"] and crop_sheet.total(record, result) == 3


def test_faces_of_another_set_stay(tmp_path):
    out = tmp_path / "out"
    for i, name in enumerate(("A/1.png", "A/2.png", "B/1.png", "B/2.png")):
        save(tmp_path / name, painting((80 + 10 * i, 80), (10, 10, 40 + i)))
    cut(tmp_path / "A", out)
    before = {path.name: path.read_bytes() for path in out.glob("*.png")}
    (out / "2_1.png").unlink()
    record, result = cut(tmp_path / "B", out)
    assert result.new == ["1.png", "2.png"] == result.changed
    assert (out / "1_1.png").read_bytes() == before["1_1.png"] and not (out / "2_1.png").exists()
    assert len(record.taken()) == len(list(out.glob("*.png"))) == 3
    assert crop_sheet.counts(record, result) == {crop_record.TAKEN: 3, crop_record.DELETED: 1}
    for name in ("A", "B"):
        record, result = cut(tmp_path / name, out)
        assert result.new == [] == result.changed and len(record.taken()) == 3


def test_a_file_of_somebody_else_is_no_face(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    save(folder / "a.png", painting((80, 80), (10, 10, 40)))
    save(folder / "b.png", painting((90, 70), (30, 20, 30)))
    cut(folder, out)
    shutil.copy(out / "b_1.png", out / "a_1.png")
    theirs = (out / "a_1.png").read_bytes()
    save(folder / "c.png", painting((70, 90), (5, 50, 30)))
    save(out / "d_1.png", painting((64, 64)))
    save(folder / "d.png", painting((70, 95), (5, 50, 32)))
    own = (out / "d_1.png").read_bytes()
    record, _ = cut(folder, out)
    assert states(record, "a.png") == [crop_record.REPLACED]
    assert (out / "a_1.png").read_bytes() == theirs and (out / "d_1.png").read_bytes() == own
    assert [states(record, f"{name}.png") for name in "bcd"] == [[crop_record.TAKEN]] * 3


def test_a_face_may_be_deleted_while_others_are_cut(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    for i in range(3):
        save(folder / f"{i}.png", painting((80 + i, 80), (10, 10, 40)))

    def find_and_delete(picture):
        for path in out.glob("0_*.png"):
            path.unlink()
        return find(picture)

    options = crop_record.Options(32, 0.0)
    record = crop_record.Record(out, options, FINDER)
    result = cropping.crop(sources.open_path(folder, Labels({})), find_and_delete, record,
                           options)
    assert crop_sheet.counts(record, result) == {crop_record.TAKEN: 2, crop_record.DELETED: 1}


def test_a_record_of_0_3_0(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    save(folder / "a.png", painting((80, 80), (10, 10, 40)))
    save(folder / "b.png", painting((90, 70), (30, 20, 30)))
    record, _ = cut(folder, out)
    content = {"options": record.options, "pictures": {
        name: {"digest": entry(record, name)["digests"][0], "why": "",
               "faces": entry(record, name)["faces"]} for name in ("a.png", "b.png")}}
    small = entry(record, "a.png")["faces"][0] | {"state": crop_record.SMALL, "file": ""}
    content["pictures"]["copy.png"] = content["pictures"]["a.png"] | {"faces": [small]}
    content["pictures"]["broken.png"] = {"digest": "", "why": "unreadable: so", "faces": []}
    record.path.write_text(json.dumps(content))
    (folder / "broken.png").write_bytes(b"")
    record, result = cut(folder, out)
    assert result.new == [] and len(record.faces()) == 2
    assert len(record.taken()) == 2 == len(record.pictures)
    assert record.begun_by is None and list(result.unreadable) == ["broken.png"]


def test_the_sheet_says_how_many_it_shows(tmp_path):
    folder = tmp_path / "in"
    for i in range(20):
        save(folder / f"{i:02}.png", painting((100 + i, 100), *[(10, 10, 50)] * (i < 2),
                                              (70, 70, 10), (85, 50, 10)))
    record, result = cut(folder, tmp_path / "out")
    taken, small = crop_sheet.sections(sources.open_path(folder, Labels({})), record,
                                       result)
    assert len(taken[1]) == 2 and "2 faces" in taken[0] and "shown" not in taken[0]
    assert len(small[1]) == 16 and "40 faces" in small[0] and "16 of 20 shown" in small[0]


def test_an_interrupted_crop_goes_on(tmp_path):
    folder, out, whole = tmp_path / "in", tmp_path / "out", tmp_path / "whole"
    for i in range(4):
        save(folder / f"{i}.png", painting((80 + 9 * i, 80), (10, 10 + 5 * i, 30 + i)))
    record, _ = cut(folder, whole)

    def fail_at_the_third(picture):
        if picture.width == 98:
            raise KeyboardInterrupt
        return find(picture)

    options = crop_record.Options(32, 0.0)
    with pytest.raises(KeyboardInterrupt):
        cropping.crop(sources.open_path(folder, Labels({})), fail_at_the_third,
                      crop_record.Record(out, options, FINDER), options)
    resumed, result = cut(folder, out)
    assert result.new == ["2.png", "3.png"]
    assert resumed.pictures == record.pictures
    for path in whole.glob("*.png"):
        assert (out / path.name).read_bytes() == path.read_bytes()


def test_doubles_are_left_out_and_the_largest_stays(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    for i, (side, quality) in enumerate([(100, 90), (140, 75), (120, 95)]):
        face = Image.fromarray(synthetic.face(3, 64)[0]).resize((side, side))
        save(folder / f"{i}.jpg", face.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if i == 2
             else face, quality=quality)
    save(folder / "other.png", Image.fromarray(synthetic.face(8, 64)[0]))
    options = crop_record.Options(64, 0.0)
    record = crop_record.Record(out, options, FINDER)
    cropping.crop(sources.open_path(folder, Labels({})),
                  lambda image: [Face(image.width / 2, image.height / 2, image.width, 0.8)],
                  record, options)
    assert states(record, "0.jpg") == states(record, "2.jpg") == [crop_record.DOUBLE]
    assert sorted(path.name for path in out.glob("*.png")) == ["1_1.png", "other_1.png"]
    assert cut(folder, out, 64)[1].new == []
    # What was taken before stays, even if a new double is larger.
    Image.open(folder / "1.jpg").resize((200, 200)).save(folder / "late.png")
    record = crop_record.Record(out, options, FINDER)
    cropping.crop(sources.open_path(folder, Labels({})),
                  lambda image: [Face(image.width / 2, image.height / 2, image.width, 0.8)],
                  record, options)
    assert states(record, "late.png") == [crop_record.DOUBLE]
    assert sorted(path.name for path in out.glob("*.png")) == ["1_1.png", "other_1.png"]


def test_a_crop_killed_while_doubles_are_removed_goes_on(tmp_path, monkeypatch):
    folder, out = tmp_path / "in", tmp_path / "out"
    for i in range(4):  # the same face in pictures of other sizes
        save(folder / f"{i}.png", painting((80, 80), (10, 10, 40)).crop((0, 0, 70 + i, 80)))
    unlink, left = pathlib.Path.unlink, 1

    def stop_at_the_second(path, **options):
        nonlocal left
        if path.parent == out and left == 0:
            raise KeyboardInterrupt
        left -= path.parent == out
        unlink(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(pathlib.Path, "unlink", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            cut(folder, out)
    assert len(list(out.glob("*.png"))) == 3
    record, result = cut(folder, out)
    assert len(list(out.glob("*.png"))) == 1
    assert crop_sheet.counts(record, result) == {crop_record.TAKEN: 1, crop_record.DOUBLE: 3}


def test_a_face_that_somebody_damaged_is_left_alone(tmp_path):
    save(tmp_path / "in/a.png", painting((200, 100), (20, 20, 40), (120, 20, 40)))
    save(tmp_path / "in/b.png", painting((100, 100), (20, 20, 40)))
    cut(tmp_path / "in", tmp_path / "out")
    empty, half = sorted((tmp_path / "out").glob("a_*.png"))
    whole = half.read_bytes()
    empty.write_bytes(b"")
    half.write_bytes(whole[:-60])
    save(tmp_path / "in/c.png", painting((100, 100), (30, 30, 40)))
    with refusal(half, Fault.UNREADABLE):
        cut(tmp_path / "in", tmp_path / "out")
    half.unlink()
    record, _ = cut(tmp_path / "in", tmp_path / "out")
    assert states(record, "a.png") == [crop_record.REPLACED, crop_record.DELETED]
    assert not half.exists() and empty.read_bytes() == b""


def test_one_process_at_a_time_cuts_into_a_folder(tmp_path):
    save(tmp_path / "in/a.png", painting((100, 100), (20, 20, 40)))
    out = tmp_path / "out"
    out.mkdir()
    (out / ".writing.anime_gan_tf_crop.json.x").write_bytes(b"what a killed process left")
    held = locking.lock_folder(out, None)
    assert [path.name for path in out.iterdir()] == [".lock"]
    refuses(call(tmp_path, "--mode", "crop", "--data", "in", "--out", "out"), "--out",
            Fault.CONFLICT)
    held.release()
    (out / ".lock").unlink(missing_ok=True)
    (out / ".lock").symlink_to(tmp_path / "in/a.png")
    with refusal(out / ".lock", Fault.EXISTS):
        locking.lock_folder(out, None)
    (out / ".lock").unlink()
    (out / ".lock").write_bytes(b"")
    cut(tmp_path / "in", out)
    assert not sources.open_path(out, Labels({})).notes


def test_only_the_largest(tmp_path):
    save(tmp_path / "in/x.png", painting((200, 120), (20, 30, 40), (100, 20, 60)))
    record, _ = cut(tmp_path / "in", tmp_path / "out", largest=True)
    assert states(record, "x.png") == [crop_record.TAKEN, crop_record.NOT_LARGEST]


def test_pictures_are_turned_as_their_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    upright = painting((120, 80), (70, 10, 40))
    save(tmp_path / "in/x.jpg", upright.transpose(Image.Transpose.ROTATE_90), exif=exif,
         quality=95, subsampling=0)
    record, _ = cut(tmp_path / "in", tmp_path / "out")
    box = entry(record, "x.jpg")["faces"][0]["box"]
    assert np.abs(np.subtract(box, [70, 10, 110, 50])).max() <= 1


@pytest.mark.parametrize("background, mode, corner", [
    ("white", "RGB", (255, 255, 255)), ("#102030", "RGB", (16, 32, 48)),
    (None, "RGBA", (0, 0, 0, 0))])
def test_what_is_behind_transparent_pictures(tmp_path, background, mode, corner):
    picture = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (20, 20, 60, 60))
    save(tmp_path / "in/x.png", picture)
    cut(tmp_path / "in", tmp_path / "out", background=background, margin=0.25)
    with Image.open(tmp_path / "out/x_1.png") as image:
        assert image.mode == mode and image.getpixel((0, 0)) == corner
        assert image.getpixel((16, 16))[:3] == (255, 0, 0)


def test_names_of_strangers_become_plain_names(tmp_path):
    for i, name in enumerate(("a b.png", "a_b.png", "\u202e.png", "x" * 150 + ".png")):
        save(tmp_path / "in" / name, painting((80 + i, 80), (9, 5 * i, 40)))
    record, _ = cut(tmp_path / "in", tmp_path / "out")
    files = [face["file"] for _, face in record.faces()]
    assert len(set(files)) == 4 == len(record.taken())
    assert all(name.isascii() and len(name) < 130 and " " not in name for name in files)


def test_refusals(tmp_path):
    save(tmp_path / "in/x.png", painting((80, 80), (10, 10, 40)))
    save(tmp_path / "mine/y.png", painting((80, 80), (10, 10, 40)))
    cut(tmp_path / "in", tmp_path / "old")
    for words, subject, fault in [
            (("--data", "in"), "--out", Fault.MISSING),
            (("--out", "new"), "--data", Fault.MISSING),
            (("--data", "gone", "--out", "new"), "--data", Fault.MISSING),
            (("--data", "in", "--out", "in/new"), "--out", Fault.CONFLICT),
            (("--data", "in", "--out", "in"), "--out", Fault.CONFLICT),
            (("--data", "in", "--out", "mine"), "--out", Fault.EXISTS),
            (("--data", "in", "--out", "mine/y.png"), "--out", Fault.EXISTS),
            (("--data", "in", "--out", "old"), "--out", Fault.CONFLICT),  # another size
            (("--data", "in", "--out", "new", "--margin", "wide"), "--margin", Fault.INVALID),
            (("--data", "in", "--out", "new", "--margin", "-1"), "--margin", Fault.INVALID),
            (("--data", "in", "--out", "new", "--background", "sky"), "--background",
             Fault.INVALID),
            (("--data", "in", "--out", "new", "--background", ""), "--background", Fault.INVALID),
            (("--data", "in", "--out", "new", "--background", "rgb(300,0,0)"), "--background",
             Fault.INVALID),
            (("--data", "in", "--out", "."), "--out", Fault.CONFLICT),  # of the sheet
            (("--data", "in", "--out", "pictures"), "--out", Fault.CONFLICT),
            (("--data", "in", "--out", "new", "--alpha", "--background", "red"), "--alpha",
             Fault.CONFLICT)]:
        refuses(call(tmp_path, "--mode", "crop", *words), subject, fault)
    (tmp_path / "pictures").write_text("in the way of the sheet's folder")
    refuses(call(tmp_path, "--mode", "crop", "--data", "in", "--out", "new"), "pictures",
            Fault.UNWRITABLE)
    assert not (tmp_path / "new").exists() and len(list((tmp_path / "mine").iterdir())) == 1


@pytest.mark.parametrize("change", [
    lambda content: next(iter(content["pictures"].values()))["faces"][0].update(file="../x.png"),
    lambda content: next(iter(content["pictures"].values()))["faces"][0].update(box=[1, 2, 3]),
    lambda content: next(iter(content["pictures"].values())).update(digests=[]),
    lambda content: content.update(pictures=[])])
def test_a_record_of_a_stranger_names_no_path(tmp_path, change):
    save(tmp_path / "in/x.png", painting((80, 80), (10, 10, 40)))
    cut(tmp_path / "in", tmp_path / "out", 256, margin=0.025, background="#ffffff")
    path = tmp_path / "out/anime_gan_tf_crop.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    done = call(tmp_path, "--mode", "crop", "--data", "in", "--out", "out")
    refuses(done, "out/anime_gan_tf_crop.json", Fault.UNREADABLE)



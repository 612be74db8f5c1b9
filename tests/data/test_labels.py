"""Every form of labels, and what is wrong with them."""
import json
import unicodedata

import pytest
from conftest import refusal
from test_listing import picture, write, zipped

from anime_gan_tf.data import matching, sources
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT, Labels

UNTAGGED = DEFAULT.untagged

BLUE, PINK = (3, 9), (8, -1)  # blue hair red eyes; pink hair
PICTURES = {"images/0.png": picture(seed=0), "images/1.png": picture(seed=1)}


def open_with(tmp_path, labels, pictures=None):
    return sources.open_path(write(tmp_path / "x", (pictures or PICTURES) | labels), DEFAULT)


@pytest.mark.parametrize("name, content", [
    ("tags.csv", "0,blue hair red eyes\n1,pink hair\n"),
    ("Tags.csv", "0,blue hair red eyes\r\n1,pink hair\r\n"),
    ("TAGS.CSV", "0,blue hair red eyes\r1,pink hair\r"),
    ("labels.csv", "0,blue hair red eyes\n1,pink hair\n"),
    ("tags.tsv", "0\tblue hair, red eyes\n1\tpink hair\n"),
    ("tags.txt", "0;blue hair;red eyes\n1;pink hair\n"),
    ("tags.csv", "0;blue hair, red eyes\n1;pink hair, long hair\n"),
    ("tags.csv", "0|blue_hair red_eyes\n1|pink_hair\n"),
    ("tags.csv", '"0","blue hair, red eyes"\n"1","pink hair"\n'),
    ("tags.csv", "0,blue hair,red eyes,smile\n1,pink hair\n"),
    ("tags.csv", "0,hair: blue, eyes: red\n1,hair: pink\n"),
    ("tags.csv", "id,hair,eyes\n0,blue,red\n1,pink,\n"),
    ("tags.csv", "eyes;hair;filename\nred;blue;0.png\nunknown;pink;1.png\n"),
    ("labels.csv", "image_id,hair_color,eye_color\n0,Blue hair,RED\n1,pink,None\n"),
    ("labels.csv", ",hair,eyes\n0,blue,red\n1,pink,\n"),
    ("labels.csv", "blue,red\npink,any\n"),
    ("labels.csv", "hair,eyes\nblue,red\npink,\n"),
    ("tags.csv", "filename,tags\n0.png,blue hair, red eyes\n1.png,pink hair\n"),
    ("images/tags.csv", "0,blue hair red eyes\n1,pink hair\n"),
    ("images/labels.csv", "blue,red\npink,any\n"),
    ("dataset.json", json.dumps({"labels": [["images/0.png", "blue hair, red eyes"],
                                            ["images/1.png", "pink hair"]]})),
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_forms_of_tables(tmp_path, name, content, encoding):
    source = open_with(tmp_path, {name: content.encode(encoding)})
    assert source.tags == [BLUE, PINK] and source.origin == name
    assert source.notes == [] and source.left_out == {}


@pytest.mark.parametrize("ids", [
    ("0.png", "1.png"), ("images/0.png", "images/1.png"), ("images\\0.png", "images\\1.png"),
    ("./images/0", "/images/1"), ("C:\\mine\\0.png", "C:\\mine\\1.png"), ("0000", "0001"),
    ("0000.png", "0001.png"), ("0.PNG", "1.Png"), ("0.jpg", "1.jpg"), (" 0", "1 "),
])
def test_ids_that_a_person_would_match(tmp_path, ids):
    source = open_with(tmp_path, {"tags.csv": f"{ids[0]},blue hair red eyes\n{ids[1]},pink hair\n"})
    assert source.tags == [BLUE, PINK] and source.notes == []


@pytest.mark.parametrize("its_id, name", [
    ("1", "0001.png"), ("img_1", "img_0001.png"), ("Ämi", unicodedata.normalize("NFD", "Ämi.png")),
    (unicodedata.normalize("NFD", "Ämi"), "Ämi.png"), ("a b", "A  B.png"), ("a", "a"),
    ("deep/er/2", "deep/er/2.png"), ("vol.2", "vol.2"), ("caf\udce9", "caf\udce9.png"),
    ("a b", "a\nb.png"), ("b/pink, or so.png", "b/pink, or so.png"),
])
def test_names_and_ids_spelled_differently(its_id, name):
    assert matching.match([its_id], ["other.png", name]) == ({name: its_id}, [], [])


def test_what_fits_several_is_not_used():
    names = ["a/1.png", "b/1.png", "c/2.png", "c/2.jpg", "3.png"]
    found, doubtful, missing = matching.match(["1", "a/1", "2", "2.jpg", "03", "003", "4"], names)
    assert found == {"a/1.png": "a/1", "c/2.jpg": "2.jpg"}
    assert (sorted(doubtful), missing) == (["003", "03", "1", "2"], ["4"])
    assert matching.match(["a/1", "b/1"], ["c/1.png"]) == ({}, [], ["a/1", "b/1"])
    assert matching.match(["3", "003"], ["3.png"])[0] == {"3.png": "3"}  # the exact one first


def test_ids_of_one_folder_are_not_those_of_another():
    assert matching.match(["miku/1.png"], ["rin/1.png", "rin/2.png"])[2] == ["miku/1.png"]
    assert matching.match(["1.05"], ["1.5.png"])[2] == ["1.05"]  # a decimal, not a leading zero


@pytest.mark.parametrize("files, pictures, tags, faults", [
    ({"tags.csv": "a,b.png,blue hair red eyes\n"}, ["a,b.png", "a.png"], [UNTAGGED, BLUE], {}),
    ({"tags.csv": "a,b.png,blue hair\n"}, ["a.png"], [UNTAGGED], {"ids_without_picture": 1}),
    ({"tags.csv": "id,hair,hair_color_2\n0,pink,red\n"}, ["0.png"], [PINK],
     {"columns_not_read": 1}),
    ({"dataset.json": '{"labels": [["0.png", "red hair"], ["0.png", "pink hair"]]}'}, ["0.png"],
     [UNTAGGED], {"ids_with_differing_tags": 1}),
    ({"1.txt": "pink hair"}, ["1.png", "1.jpg"], [UNTAGGED] * 2, {"ambiguous_captions": 1}),
    ({"labels.csv": "any,red\npink,any\nblue,red\n"}, ["f_1.png", "f_10.png", "f_2.png"],
     [(-1, 9), PINK, BLUE], {"order_by_numbers": 2}),
])
def test_what_is_in_doubt_is_counted(tmp_path, files, pictures, tags, faults):
    source = open_with(tmp_path, files, {name: picture() for name in pictures})
    found = {what: count for what, count in source.label_faults.items() if what != "without_tags"}
    by_name = dict(zip(source.names, source.tags))
    wanted = source.names if "labels.csv" in files else sorted(source.names, reverse=True)
    assert [by_name[name] for name in wanted] == tags and found == faults and not source.left_out


@pytest.mark.parametrize("name, page", [
    ("ä.png", "utf-8"), ("あ.png", "cp932"), ("ä.png", "cp437"), ("ä.png", "cp1252"),
    ("汉.png", "gbk")])
def test_names_in_zips_of_other_code_pages(tmp_path, name, page):
    path = zipped(tmp_path / "x.zip", {
        name.encode(page): picture(), "b.png": picture(seed=1),
        "tags.csv": f"{name[:-4]},blue hair red eyes\nb,pink hair\n".encode()})
    assert sorted(sources.open_path(path, DEFAULT).tags) == [BLUE, PINK]


@pytest.mark.parametrize("page", ["cp932", "cp1252"])
def test_names_in_folders_of_other_code_pages(tmp_path, page):
    name = {"cp932": "あ", "cp1252": "ä"}[page]
    stored = f"{name}.png".encode(page).decode("utf-8", "surrogateescape")
    source = open_with(tmp_path, {"tags.csv": f"{name},blue hair red eyes\n"},
                       {stored: picture(), "b.png": picture()})
    assert sorted(source.tags) == [UNTAGGED, BLUE]


def test_a_zip_of_windows_powershell(tmp_path):
    path = zipped(tmp_path / "x.zip", {
        b"x\\images\\0.png": picture(), b"x\\images\\1.png": picture(seed=1),
        b"x\\tags.csv": b"0,blue hair red eyes\n1,pink hair\n"})
    source = sources.open_path(path, DEFAULT)
    assert source.tags == [BLUE, PINK] and source.names == ["x/images/0.png", "x/images/1.png"]


def test_tables_of_other_code_pages(tmp_path):
    table = "あい,blue hair red eyes\n1,pink hair\n".encode("cp932")
    source = open_with(tmp_path, {"tags.csv": table}, {"あい.png": picture(), "1.png": picture()})
    assert source.tags == [PINK, BLUE] and source.notes == []


@pytest.mark.parametrize("table, tags, faults", [
    ('0,blue hair red eyes\n1,"pink hair\n', [BLUE, PINK], {}),           # stray quotes
    ('0,"blue hair red eyes\n1,pink hair\n', [BLUE, PINK], {}),
    ('"0,blue hair red eyes\n1,pink "hair"\n', [BLUE, PINK], {}),
    ("0,blue hair red eyes\n0,pink hair\n1,pink hair\n1,pink hair\n", [(-1, 9), PINK],
     {"ids_with_differing_tags": 1}),
    ("0,blue hair\n0,red eyes\n1,pink hair\n", [BLUE, PINK], {"ids_with_differing_tags": 1}),
    ("0,blue hair red eyes\n1,something\n9,pink hair\n", [BLUE, UNTAGGED],
     {"lines_without_tag": 1, "ids_without_picture": 1}),
    ("0,blue hair red eyes\n01,pink hair\n001,pink hair\n", [BLUE, UNTAGGED], {"ambiguous_ids": 2}),
    ("x0,blue hair red eyes\nx1,pink hair\n", [UNTAGGED] * 2, {"ids_without_picture": 2}),
    # Without a header it does not say of what.
    ("0,blue,red\n1,pink,any\n", [UNTAGGED] * 2, {"lines_without_tag": 2}),
    ("0\n1\n", [UNTAGGED] * 2, {"lines_without_tag": 2}),
    (",blue hair\n1,pink hair\n", [UNTAGGED, PINK], {"lines_without_id": 1}),
    ("", [UNTAGGED] * 2, None),
])
def test_what_is_wrong_with_a_table_is_counted(tmp_path, table, tags, faults):
    if faults is None:
        with refusal("--data", Fault.UNREADABLE):
            open_with(tmp_path, {"tags.csv": table})
        return
    source = open_with(tmp_path, {"tags.csv": table})
    found = {what: count for what, count in source.label_faults.items() if what != "without_tags"}
    assert source.tags == tags and found == faults and len(source.notes) == len(faults)
    assert source.label_faults["without_tags"] == tags.count(UNTAGGED)
    assert source.origin == "tags.csv"


@pytest.mark.parametrize("table", ["blue\npink\n", "blue,red,x\npink,any,x\n", "a,b,c,d\n" * 2,
                                   "blue,red\nsilver,any\n", "\0\0,\n", "\n\n ,,\n", '"' * 9,
                                   "{0}" * 3, "x" * 200_000 + ",pink hair"])
def test_labels_csv_of_any_shape_is_no_traceback(tmp_path, table):
    source = open_with(tmp_path, {"labels.csv": table})
    assert len(source.tags) == 2 and all(len(tags) == 2 for tags in source.tags)


def test_labels_mean_nothing_where_no_axes_are_read(tmp_path):
    """As for --mode crop, which labels that do not fit do not stop either."""
    folder = write(tmp_path / "x", PICTURES | {"labels.csv": "blue,red\n", "images/0.txt": "pink"})
    source = sources.open_path(folder, Labels({}))
    assert source.tags == [(), ()] and source.label_faults == {}
    assert source.left_out == {".txt": 1} and source.origin == "labels.csv"
    # Nor do they exclude pictures, or contradict each other.
    write(folder, {"a/1.png": PICTURES["images/0.png"], "a/tags.csv": "", "b/tags.csv": ""})
    assert len(sources.open_path(folder, Labels({})).names) == 3


@pytest.mark.parametrize("files", [
    {"labels.csv": "blue,red\npink,any\nred,red\n"},
    {"a/tags.csv": "0,blue hair\n", "b/tags.csv": "0,blue hair\n"},
])
def test_labels_that_do_not_fit_are_refused(tmp_path, files):
    with refusal("--data", Fault.CONFLICT):
        open_with(tmp_path, files)


@pytest.mark.parametrize("files", [
    {"images/0.txt": "1girl, blue hair, red eyes", "images/1.txt": "a girl with pink hair."},
    {"images/0.png.txt": "blue_hair red_eyes", "images/1.TXT": "pink_hair"},
    {"images/0.caption": "blue hair, red eyes", "images/1.caption": "pink hair"},
    {"captions/0.txt": "blue hair, red eyes", "captions/1.txt": "pink hair".encode("utf-16")},
])
def test_captions_beside_the_pictures(tmp_path, files):
    source = open_with(tmp_path, files | {"about.txt": "blue hair"})
    assert source.tags == [BLUE, PINK] and source.left_out == {".txt": 1}
    assert source.origin.startswith("captions")


def test_second_captions_of_a_picture_are_named(tmp_path):
    captions = {"images/0.caption": "red hair", "images/0.txt": "blue hair, red eyes",
                "images/1.caption": "pink hair", "9.caption": "red hair", "9.txt": "red hair"}
    source = open_with(tmp_path, captions)
    assert source.tags == [BLUE, PINK]
    assert source.label_faults["second_captions"] == 1
    note, = (note for note in source.notes if "0.caption" in note)
    assert ".txt" in note


def test_captions_that_say_nothing_or_are_missing_are_counted(tmp_path):
    source = open_with(tmp_path, {"images/0.txt": "blue hair, red eyes", "images/1.txt": "smile"},
                       PICTURES | {"images/2.png": picture()})
    assert source.tags == [BLUE, UNTAGGED, UNTAGGED]
    assert source.label_faults == {"captions_without_tag": 1, "pictures_without_caption": 1,
                                   "without_tags": 2}


@pytest.mark.parametrize("folders", [
    ("blue_hair red_eyes", "pink hair"), ("blue hair/red eyes", "pink_hair"),
    ("faces/hair_blue/eyes_red", "faces/hair-pink"), ("hair/blue/eyes/red", "hair/pink"),
])
def test_every_folder_a_class(tmp_path, folders):
    source = open_with(tmp_path, {}, {f"{folder}/{i}.png": picture()
                                      for i, folder in enumerate(folders)})
    assert source.tags == [BLUE, PINK] and source.origin and source.notes == []


def test_folders_that_do_not_say_of_what_are_named(tmp_path):
    source = open_with(tmp_path, {}, {"blue/0.png": picture(), "red hair ribbon/1.png": picture()})
    assert not source.tagged and source.label_faults == {"folders_of_colors": 1}


@pytest.mark.parametrize("content", [
    {"labels": [["images/0.png", 3], ["images/1.png", 5]]}, {"labels": None}, {"labels": 3}, [], 3,
    {"labels": [["images/0.png", [0.0, 1.0]]]}, {"labels": [1, 2]}, {"{0}": 1}])
def test_dataset_json_that_cannot_be_used_is_named(tmp_path, content):
    source = open_with(tmp_path, {"dataset.json": json.dumps(content)})
    assert not source.tagged and source.origin == "dataset.json"
    assert source.label_faults == {"dataset_json_not_read": 1, "without_tags": 2}


def test_what_a_table_does_not_cover_is_counted(tmp_path):
    source = open_with(tmp_path, {
        "tags.csv": "0,blue hair red eyes\n1,pink hair\n", "tags.tsv": "", "labels.csv": "",
        "extra/7.png": picture(), "images/0.txt": "green hair"})
    assert source.tags == [BLUE, PINK] and source.left_out == {".txt": 1, ".tsv": 1, ".csv": 1}
    assert source.label_faults == {"pictures_elsewhere": 1, "tables_not_read": 2, "without_tags": 0}


@pytest.mark.parametrize("names", [
    ["a/1.png", "b/1.png", "b/pink, or so.png", 'b/"quoted".png', "b/line\nbreak.png",
     "b/caf\udce9.png", "b/あ.png", "b/{0}.png"],
    ["a;1.png", "a;2.png"]])
def test_tags_that_are_written_are_read(tmp_path, names):
    tags = [(i, i) for i in range(len(names))]
    folder = write(tmp_path / "x", {name: picture() for name in names})
    (folder / "tags.csv").write_bytes(sources.tags_csv(names, tags, DEFAULT))
    source = sources.open_path(folder, DEFAULT)
    assert dict(zip(source.names, source.tags)) == dict(zip(names, tags)) and source.notes == []
    assert DEFAULT.phrase(tags[0]) in (folder / "tags.csv").read_bytes().decode(errors="replace")

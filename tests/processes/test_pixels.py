"""Right faces, right pixels: what plumbing tests cannot see."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from classifier.backends import load_classifier
from shared.settings import DEFAULTS
from tests.processes.harness import ROOT, eventually
from training.data import load
from training.view import find

pytestmark = [pytest.mark.processes]

DATA = ROOT.parent / "shared" / "data"
PORTRAITS = {
    "angry": "angry", "disgusted": "disgust", "fearful": "fear", "happy": "happy", "neutral": "neutral", "sad": "sad",
    "surprised": "surprise",
}  # fmt: skip


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="the development data folder ../shared/data is not here")
def test_portraits_get_their_class(pipeline, tmp_path):
    """Of seven portraits, one per expression, at least five get their class through the real processes."""
    for name in PORTRAITS:
        shutil.copy(DATA / "stills" / f"faceapi_{name}.jpg", tmp_path / f"{name}.jpg")
    one = pipeline(capture_source=tmp_path, capture_mode="replay", capture_at_end="exit").start()
    assert one.wait() == 0
    rows = one.listener.results()
    assert len(rows) == len(PORTRAITS)
    said = {}
    for row, name in zip(rows, sorted(PORTRAITS), strict=True):
        face = max(row["faces"], key=lambda face: face["xyxy"][3] - face["xyxy"][1])
        said[name] = face["label"]
    right = [name for name, label in said.items() if PORTRAITS[name] == label]
    assert len(right) >= 5, said


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="the development data folder ../shared/data is not here")
def test_detector_and_crop_cost_less_than_three_points():
    """FER-2013's pictures, enlarged into a frame, found and cropped, are classified about as well as directly.

    Wrong margins pass every plumbing test; this one sees them. Pictures in which no face is found are counted apart.
    """
    whole = load(DATA / "fer2013.zip")["validation"]
    faces = whole.take(np.arange(0, len(whole), 4))
    classifier = load_classifier(DEFAULTS.classifier_model, ROOT / "models")
    found = find(faces, threads=1)
    assert len(found.labels) > 0.7 * len(faces)
    _, direct = classifier.classify(list(faces.images[found.index]), whole=True)
    _, through = classifier.classify(found.crops)
    accuracy = {
        name: float((probs.argmax(1) == found.labels).mean())
        for name, probs in (("direct", direct), ("through", through))
    }
    assert accuracy["direct"] > 0.5
    assert accuracy["through"] > accuracy["direct"] - 0.03, accuracy


def odd_pictures(folder: Path) -> list[str]:
    """Pictures of every odd kind; returns their names in order."""
    from skimage.data import astronaut

    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    alpha = np.dstack([portrait, np.full(portrait.shape[:2], 200, np.uint8)])
    crowd = np.tile(cv2.resize(portrait[:300, 80:380], (120, 120)), (8, 8, 1))
    pictures = {
        "a_one_pixel.png": np.full((1, 1, 3), 7, np.uint8),
        "b_smaller_than_a_face.png": portrait[80:100, 200:220],
        "c_no_face.png": np.full((240, 320, 3), 128, np.uint8),
        "d_grey.png": cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY),
        "e_alpha.png": alpha,
        "f_sixteen_bit.png": portrait.astype(np.uint16) * 257,
        "g_sixty_faces.png": crowd,
        "h_very_wide.png": np.zeros((8, 3000, 3), np.uint8),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture)
    sideways = Image.fromarray(np.rot90(astronaut()).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90° to the right to see it upright"
    sideways.save(folder / "i_turned.jpg", exif=exif)
    return [*pictures, "i_turned.jpg"]


def test_odd_pictures_give_a_result_each(pipeline, tmp_path):
    """One pixel, no face, sixty faces, grey, alpha, sixteen bits, a turned photo: a complete result and no crash."""
    names = odd_pictures(tmp_path)
    one = pipeline(capture_source=tmp_path, capture_mode="replay", capture_at_end="hold", max_faces=20).start()
    rows = one.rows(len(names))
    assert all(row["complete"] and row["classified"] for row in rows)
    count = {name[0]: len(row["faces"]) for name, row in zip(names, rows, strict=True)}
    assert [count[kind] for kind in "abch"] == [0, 0, 0, 0]
    assert [count[kind] for kind in "defi"] == [1, 1, 1, 1]
    assert count["g"] == 20
    eventually(lambda: one.counters("detector").get("faces_over_the_cap", 0) >= 20, "faces over the cap counted")
    assert len({s["pid"] for s in one.listener.statuses.values() if s["stage"] == "detector"}) == 1  # none has crashed
    turned = rows[names.index("i_turned.jpg")]
    assert turned["faces"][0]["xyxy"] == pytest.approx(rows[names.index("d_grey.png")]["faces"][0]["xyxy"], abs=12)


def test_a_picture_over_the_pixel_limit_is_refused_with_both_numbers(pipeline, tmp_path):
    """A huge picture is refused before it is decoded, and the limit can be raised."""
    cv2.imwrite(str(tmp_path / "big.png"), np.zeros((300, 400, 3), np.uint8))
    one = pipeline(capture_source=tmp_path / "big.png", max_pixels=100_000).start(only=["bus", "capture"])
    assert one.wait() == 2
    complaint = next(line for line in one.tail().splitlines() if "| capture: " in line)
    assert "big.png" in complaint
    assert "120000" in complaint.replace(",", "").replace(" ", "")
    assert "100000" in complaint.replace(",", "").replace(" ", "")

"""The folder of measured photographs and small checkpoints, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("VISPROG_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
YOLOX = DATA / "models" / "detect" / "yolox_nano.onnx"
YUNET = DATA / "models" / "face" / "yunet_n_dynamic.onnx"
LABELS = DATA / "models" / "detect" / "coco_classes.txt"
PHOTOS = DATA / "photos"
WHY = "needs the folder of photographs and checkpoints that VISPROG_TEST_DATA names"

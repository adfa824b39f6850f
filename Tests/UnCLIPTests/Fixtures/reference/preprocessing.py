"""What the image encoder is shown of picture files of every kind, before normalisation."""
import json
import shutil

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .pictures import scene

SQUARE = {"shortest_edge": 12}
CONFIGURATIONS = {
    "edge": dict(size=SQUARE, crop_size={"height": 12, "width": 12}),
    "number": dict(size=19, crop_size=15),
    "uncropped": dict(size={"shortest_edge": 9}, do_center_crop=False),
    "exact": dict(size={"height": 13, "width": 22}, do_center_crop=False),
    "exact-cropped": dict(size={"height": 18, "width": 11}, crop_size={"height": 7, "width": 8}),
    "black-edge": dict(size={"shortest_edge": 8}, crop_size={"height": 13, "width": 14}),
    "unresized": dict(do_resize=False, crop_size={"height": 16, "width": 16}),
    "enlarged": dict(size={"shortest_edge": 33}, crop_size={"height": 31, "width": 30}),
    "square": dict(size=11, default_to_square=True, do_center_crop=False),
    "lanczos": dict(size=SQUARE, crop_size=12, resample=1),
    "bilinear": dict(size=SQUARE, crop_size=12, resample=2),
    "box": dict(size=SQUARE, crop_size=12, resample=4),
    "hamming": dict(size=SQUARE, crop_size=12, resample=5),
}


def write(folder, decoded):
    """`decoded` is where pictures of all kinds are (ImagingTests/Fixtures/decode); larger ones are drawn here."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, (width, height) in enumerate([(97, 61), (33, 120), (211, 40)]):
        scene(width, height, number).save(folder / f"{width}x{height}.png", optimize=True)
    files = sorted(f for f in [*decoded.iterdir(), *folder.iterdir()] if f.suffix in (".png", ".jpg"))
    out = {}
    for name, options in CONFIGURATIONS.items():
        processor = CLIPImageProcessorPil(**options)
        for file in files:
            shown = processor(read(file), do_rescale=False, do_normalize=False, return_tensors="np").pixel_values[0]
            assert shown.dtype == np.uint8
            out[f"{file.name}:{name}"] = torch.tensor(np.moveaxis(shown, 0, -1).copy())
    save_file(out, folder / "model.safetensors")
    (folder / "configurations.json").write_text(json.dumps(CONFIGURATIONS, indent=1))


def read(file):
    """A picture file as the pipeline's users read it, upright."""
    image = ImageOps.exif_transpose(Image.open(file))
    if image.mode == "I;16":
        # Pillow would show 16-bit grey as white; the engine takes its upper bytes, as Pillow does for colours.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image

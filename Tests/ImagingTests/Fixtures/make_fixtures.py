"""Writes small pictures of every kind and what Pillow makes of them, for ImagingTests: `python make_fixtures.py`.

decode/NAME with decode/NAME.rgba (width, height, raw pixels), and resize/: a source and its resized versions, raw RGB, named
FILTER-WIDTHxHEIGHT.rgb. Needs numpy, Pillow 13 and cjpeg: versions before differ by up to 2 in some of the resized pictures.
"""

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

HERE = Path(__file__).parent
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def scene(width, height, channels, seed):
    """Gradients, an edge and some noise: smooth where JPEG needs it, sharp where resampling shows."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [128 + 120 * np.sin(2 + c + 5 * x * (c + 1) + 4 * y) for c in range(channels)]
    picture = np.stack(planes, -1) + rng.normal(0, 8, (height, width, channels))
    picture[: height // 3, width // 2 :] += 90
    return np.clip(picture, 0, 255).astype(np.uint8)


def png(pixels, colour_type, depth, interlaced=False, chunks=()):
    """A PNG of the kinds that Pillow does not write; pixels as [height, width, bytes of a pixel]."""
    height, width = pixels.shape[:2]

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    raw = b""
    for x, y, dx, dy in passes:
        part = pixels[y::dy, x::dx]
        raw += b"".join(b"\0" + row.tobytes() for row in part if part.shape[1])
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    extra = b"".join(chunk(kind, data) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def save(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def patched(content, old, new):
    """A file with the first such bytes replaced, which must be there."""
    assert old in content
    return content.replace(old, new, 1)


def sampled(image, factors):
    """A JPEG of a subsampling that Pillow does not write, by libjpeg's own program."""
    command = ["cjpeg", "-quality", "90", "-sample", factors]
    return subprocess.run(command, input=save(image, "PPM"), stdout=subprocess.PIPE, check=True).stdout


def srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def turned(orientation, big_endian=True):
    """Exif that says how a camera was held, as a long number in the byte order that is asked for."""
    order = ">" if big_endian else "<"
    entry = struct.pack(order + "HHHII", 1, 0x0112, 4, 1, orientation)
    return (b"MM" if big_endian else b"II") + struct.pack(order + "HI", 42, 8) + entry + bytes(4)


def write(name, content, expected=None):
    path = HERE / "decode" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if expected is None:
        expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGBA"))
    (path.parent / f"{name}.rgba").write_bytes(struct.pack("<II", expected.shape[1], expected.shape[0]) + expected.tobytes())


def main():
    for folder in ["decode", "resize"]:
        shutil.rmtree(HERE / folder, ignore_errors=True)
    rgb = Image.fromarray(scene(23, 17, 3, 0))
    rgba = Image.fromarray(scene(23, 17, 4, 1), "RGBA")
    grey = Image.fromarray(scene(23, 17, 1, 2)[..., 0])
    write("rgb.png", save(rgb, "PNG"))
    write("rgba.png", save(rgba, "PNG"))
    write("grey.png", save(grey, "PNG"))
    write("grey-alpha.png", save(Image.merge("LA", (grey, rgba.getchannel("A"))), "PNG"))
    write("bits.png", save(grey.convert("1"), "PNG"))
    write("palette.png", save(rgb.quantize(13), "PNG"))
    write("palette-transparent.png", save(rgb.quantize(13), "PNG", transparency=3))
    write("one-pixel.png", save(rgb.crop((3, 3, 4, 4)), "PNG"))
    deep = np.random.default_rng(3).integers(0, 65536, (9, 11, 4), dtype=np.uint16)
    high = (deep >> 8).astype(np.uint8)
    opaque = np.full((9, 11, 1), 255, np.uint8)
    write("deep-rgb.png", png(deep[..., :3].astype(">u2"), 2, 16), np.concatenate([high[..., :3], opaque], -1))
    write("deep-rgba.png", png(deep.astype(">u2"), 6, 16), high)
    # Pillow itself shows 16-bit grey as white; its upper bytes are what every other viewer shows.
    write("deep-grey.png", png(deep[..., :1].astype(">u2"), 0, 16), np.concatenate([high[..., [0, 0, 0]], opaque], -1))
    assert (np.asarray(Image.open(HERE / "decode/deep-rgb.png").convert("RGB")) == high[..., :3]).all()
    write("interlaced.png", png(np.asarray(rgb), 2, 8, interlaced=True))
    write("gamma.png", png(np.asarray(rgb), 2, 8, chunks=[(b"gAMA", struct.pack(">I", 100000))]))

    big = Image.fromarray(scene(37, 26, 3, 4))
    write("rgb.jpg", save(big, "JPEG", quality=90))
    write("progressive.jpg", save(big, "JPEG", quality=70, progressive=True, subsampling=0))
    write("grey.jpg", save(Image.fromarray(scene(37, 26, 1, 5)[..., 0]), "JPEG", quality=90))
    write("cmyk.jpg", save(Image.fromarray(scene(37, 26, 4, 6), "CMYK"), "JPEG", quality=95))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write(f"exif-{orientation}.jpg", save(big, "JPEG", quality=90, exif=exif))

    # Odd files that lose no pixels, though libjpeg warns about them.
    plain = save(big, "JPEG", quality=90)
    write("odd-start-of-scan.jpg", patched(plain, b"\x11\x03\x11\x00\x3f\x00", b"\x11\x03\x11\x00\x00\x00"))
    write("odd-version.jpg", patched(plain, b"JFIF\0\1\1", b"JFIF\0\2\1"))
    write("odd-bytes.jpg", patched(plain, b"\xff\xc4", b"\0\0\0\0\xff\xc4"))
    write("odd-no-end.jpg", plain[:-2], np.asarray(Image.open(io.BytesIO(plain)).convert("RGBA")))
    for factors in ["4x1", "1x2", "1x4", "4x2", "2x2,1x2,2x1", "1x1,2x2,2x1"]:
        write(f"sampled-{factors}.jpg", sampled(big, factors))
    for subsampling in [1, 2]:
        picture = Image.fromarray(scene(37, 26, 4, 6), "CMYK")
        write(f"sampled-cmyk-{subsampling}.jpg", save(picture, "JPEG", quality=90, subsampling=subsampling))
    write("profile.jpg", save(big, "JPEG", quality=90, icc_profile=srgb()))
    write("profile.png", save(rgb, "PNG", icc_profile=srgb()))
    write("exif-before.png", png(np.asarray(rgb), 2, 8, chunks=[(b"eXIf", turned(6))]))
    behind = png(np.asarray(rgb), 2, 8)
    chunk = b"eXIf" + turned(8, big_endian=False)
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    write("exif-behind.png", behind[:-12] + chunk + behind[-12:])
    pixels = np.asarray(rgb.convert("RGBA"))
    write("no-end.png", save(rgb, "PNG")[:-12], pixels)
    write("damaged-end.png", save(rgb, "PNG")[:-4] + b"1234", pixels)

    write("lossy.webp", save(big, "WEBP", quality=80))
    write("lossless.webp", save(rgba, "WEBP", lossless=True, exact=True))
    write("turned.webp", save(rgb, "WEBP", lossless=True, exif=turned(6), icc_profile=srgb()))
    write("animated.webp", save(rgba, "WEBP", lossless=True, save_all=True, append_images=[rgba.rotate(180)]))
    write("plain.gif", save(rgb, "GIF", interlace=0))
    write("interlaced.gif", save(rgb, "GIF", interlace=1))
    write("transparent.gif", save(rgb.quantize(13), "GIF", transparency=3))
    write("animated.gif", save(rgb.quantize(13), "GIF", save_all=True, append_images=[rgb.rotate(180).quantize(13)]))

    source = scene(41, 29, 3, 7)
    (HERE / "resize").mkdir()
    (HERE / "resize/source.rgb").write_bytes(source.tobytes())
    # The last four lie on both sides of where Pillow 13 begins with the columns.
    sizes = [(41, 29), (20, 14), (13, 40), (90, 7), (64, 64), (1, 1), (41, 5), (3, 29), (70, 60), (38, 20), (36, 19), (36, 18)]
    for kind in [Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.BOX,
                 Image.Resampling.HAMMING]:
        for width, height in sizes:
            resized = np.asarray(Image.fromarray(source).resize((width, height), kind))
            (HERE / f"resize/{kind.name.lower()}-{width}x{height}.rgb").write_bytes(resized.tobytes())


if __name__ == "__main__":
    main()

"""Images and models of OpenAI's API, by the official client: every call, its fields and defaults, every error,
streams, calls that are sent again."""

import asyncio
import base64
import io
import struct
import urllib.error
import urllib.request
import warnings
import zlib
from pathlib import Path
from typing import Any

import openai
from openai.types import (
    ImageEditCompletedEvent, ImageEditPartialImageEvent, ImageGenCompletedEvent, ImageGenPartialImageEvent, Model)

from openai_client import Servers, eventually, expect, refused, same

# Variations are deprecated where there are none any more.
warnings.filterwarnings("ignore", category=DeprecationWarning)

PROMPT = "a red apple on a blue background"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file."""
    expect(png.startswith(SIGNATURE), f"no PNG file: {png[:20]!r}")
    return struct.unpack(">II", png[16:24])


def make_png(width: int, height: int, hole: tuple[int, int] | None = None) -> bytes:
    """A PNG file of one colour; between two columns and lines it is transparent."""
    def row(y: int) -> bytes:
        inside = hole and hole[0] <= y < hole[1]
        return b"\0" + b"".join(
            b"\x20\x60\xc0" + (b"\0" if inside and hole[0] <= x < hole[1] else b"\xff") for x in range(width))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"".join(map(row, range(height))))
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        same(answer.headers["content-type"], "image/png", "the type of a picture")
        return answer.read()


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "", validate=True)


def check_models(servers: Servers) -> None:
    client = servers.client()
    models = list(client.models.list())
    same(sorted(model.id for model in models), ["dall-e-2", "model"], "the models")
    for model in models:
        expect(isinstance(model, Model) and model.object == "model" and model.created > 0, model)
        same(model.owned_by, "atelier", "the owner of a model")
    same(client.models.retrieve("dall-e-2").id, "dall-e-2", "a model")
    with refused(openai.NotFoundError, "model_not_found", "model"):
        client.models.retrieve("dall-e-3")


def check_generations(servers: Servers) -> None:
    client = servers.client()
    # Nothing but a prompt.
    plain = client.images.generate(prompt=PROMPT)
    expect(plain.created > 1_600_000_000, "no time")
    expect((plain._request_id or "").startswith("req_"), "no request id")
    same(len(plain.data), 1, "pictures")
    same((plain.data[0].b64_json, plain.data[0].revised_prompt), (None, None), "what else a picture has")
    native = size(fetch(plain.data[0].url))
    # All that there is, and all that may be null.
    for n in (1, 3):
        full = client.images.generate(
            prompt=PROMPT, model="dall-e-2", n=n, size="256x256", response_format="b64_json", quality="standard",
            user="somebody")
        same([size(decoded(image.b64_json)) for image in full.data], [(256, 256)] * n, "sizes")
        same([image.url for image in full.data], [None] * n, "URLs")
        same(len({image.b64_json for image in full.data}), n, "different pictures")
    nulls = client.images.generate(
        prompt=PROMPT, model=None, n=None, size=None, response_format=None, quality=None, stream=None,
        partial_images=None, style=None, background=None, moderation=None, output_format=None, output_compression=None)
    same(size(fetch(nulls.data[0].url)), native, "the size by default")
    same(size(fetch(client.images.generate(prompt=PROMPT, size="auto").data[0].url)), native, "the size 'auto'")
    # Headers.
    raw = client.images.with_raw_response.generate(prompt=PROMPT, size="512x512")
    same(raw.headers.get("x-atelier-native-size"), "x".join(map(str, native)), "the native size")
    expect(int(raw.headers["openai-processing-ms"]) >= 0, "no time")
    same(size(fetch(raw.parse().data[0].url)), (512, 512), "a resampled picture")
    # A URL that somebody has changed.
    url = plain.data[0].url
    last = "0" if url[-1] != "0" else "1"
    for changed in (url.replace("expires=", "expires=9"), url[:-1] + last, url.split("?")[0]):
        try:
            fetch(changed)
            expect(False, f"{changed} works")
        except urllib.error.HTTPError as error:
            same(error.code, 403, "a changed URL")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": ""}, "prompt", "empty_string"),
    ({"prompt": "a" * 1001}, "prompt", "string_above_max_length"),
    ({"prompt": 5}, "prompt", "invalid_type"),
    ({"n": 0}, "n", "integer_below_min_value"),
    ({"n": 11}, "n", "integer_above_max_value"),
    ({"n": "two"}, "n", "invalid_type"),
    ({"size": "1792x1024"}, "size", "invalid_value"),
    ({"size": "1x1"}, "size", "invalid_value"),
    ({"response_format": "png"}, "response_format", "invalid_value"),
    ({"quality": "hd"}, "quality", "invalid_value"),
    ({"style": "vivid"}, "style", "unsupported_parameter"),
    ({"background": "transparent"}, "background", "unsupported_parameter"),
    ({"moderation": "low"}, "moderation", "unsupported_parameter"),
    ({"output_format": "webp"}, "output_format", "unsupported_parameter"),
    ({"output_compression": 50}, "output_compression", "unsupported_parameter"),
    ({"frame_count": 3}, "frame_count", "unsupported_parameter"),
    ({"svg": {"model": "m"}}, "svg", "unsupported_parameter"),
    ({"extra_body": {"seed": 5}}, "seed", "unknown_parameter"),
    ({"extra_body": {"user": None}}, "user", "invalid_type"),
    ({"stream": True, "n": 2}, "n", "invalid_value"),
    ({"stream": True, "partial_images": 4}, "partial_images", "integer_above_max_value"),
    ({"stream": True, "response_format": "url"}, "response_format", "invalid_value"),
]


def check_wrong_calls(servers: Servers) -> None:
    client = servers.client()
    before = len(servers.jobs())
    for fields, param, code in WRONG:
        with refused(openai.BadRequestError, code, param) as raised:
            client.images.generate(**{"prompt": PROMPT, **fields})
        same(raised[0].type, "invalid_request_error", f"the type of {raised[0].message}")
    with refused(openai.NotFoundError, "model_not_found", "model"):
        client.images.generate(prompt=PROMPT, model="dall-e-3")
    with refused(openai.BadRequestError, "missing_required_parameter", "prompt"):
        client.post("/images/generations", body={}, cast_to=object)
    with refused(openai.NotFoundError, "unknown_url"):
        client.post("/chat/completions", body={}, cast_to=object)
    with refused(openai.APIStatusError, "method_not_supported") as raised:
        client.get("/images/generations", cast_to=object)
    same(raised[0].status_code, 405, "a wrong method")
    same(len(servers.jobs()), before, "jobs, after calls that make none")


def check_variations(servers: Servers) -> None:
    client = servers.client()
    first = client.images.generate(prompt=PROMPT, response_format="b64_json", size="256x256")
    picture = decoded(first.data[0].b64_json)
    path = servers.open.folder / "picture.png"
    path.write_bytes(picture)
    # As the client takes files: bytes, an open file, a path, a name with bytes.
    with open(path, "rb") as file:
        for image in (picture, file, path, ("name.png", picture), ("name.png", io.BytesIO(picture), "image/png")):
            answer = client.images.create_variation(image=image, n=1, response_format="b64_json")
            size(decoded(answer.data[0].b64_json))
    full = client.images.create_variation(
        image=picture, model="dall-e-2", n=2, size="256x256", response_format="url", user="somebody")
    same([size(fetch(image.url)) for image in full.data], [(256, 256)] * 2, "sizes of variations")
    for fields, param, code in [
        ({"image": make_png(64, 32)}, "image", "invalid_image_size"),
        ({"image": b"GIF89a"}, "image", "invalid_image_format"),
        ({"image": picture + bytes(4 << 20)}, "image", "image_too_large"),
        ({"n": 11}, "n", "integer_above_max_value"),
        ({"n": "two"}, "n", "invalid_type"),
        ({"size": "auto"}, "size", "invalid_value"),
        ({"response_format": "png"}, "response_format", "invalid_value"),
        ({"extra_body": {"prompt": "a"}}, "prompt", "unknown_parameter"),
    ]:
        with refused(openai.BadRequestError, code, param):
            client.images.create_variation(**{"image": picture, **fields})
    # A file that begins as one and is none.
    with refused(openai.BadRequestError, None, "image"):
        client.images.create_variation(image=picture[:200])


def check_edits(servers: Servers) -> None:
    client = servers.client()
    picture, mask = make_png(64, 64), make_png(64, 64, hole=(16, 48))
    answer = client.images.edit(image=picture, mask=mask, prompt=PROMPT, response_format="b64_json")
    same(size(decoded(answer.data[0].b64_json)), (64, 64), "the size of an edit is its picture's")
    # Without a mask the picture's own hole; in a list of one; in another size.
    client.images.edit(image=[mask], prompt=PROMPT)
    full = client.images.edit(
        image=picture, mask=mask, prompt=PROMPT, model="dall-e-2", n=2, size="256x256", quality="standard",
        response_format="url", user="somebody")
    same([size(fetch(image.url)) for image in full.data], [(256, 256)] * 2, "sizes of edits")
    for fields, param, code in [
        ({"image": [picture, picture]}, "image", "array_above_max_length"),
        ({"image": make_png(64, 32)}, "image", "invalid_image_size"),
        ({"mask": make_png(32, 32)}, "mask", "invalid_image_size"),
        ({"mask": b"no picture"}, "mask", "invalid_image_format"),
        ({"mask": picture}, "mask", None),
        ({"prompt": "a" * 1001}, "prompt", "string_above_max_length"),
        ({"markup": picture}, "markup", "unsupported_parameter"),
        ({"input_fidelity": "low"}, "input_fidelity", "unsupported_parameter"),
        ({"output_format": "jpeg"}, "output_format", "unsupported_parameter"),
        ({"extra_body": {"seed": 5}}, "seed", "unknown_parameter"),
    ]:
        with refused(openai.BadRequestError, code, param):
            client.images.edit(**{"image": picture, "mask": mask, "prompt": PROMPT, **fields})
    # An opaque picture does not say where.
    with refused(openai.BadRequestError, None, "image"):
        client.images.edit(image=picture, prompt=PROMPT)


def check_events(events: list, partial: type, completed: type, most: int, side: int | None = None) -> None:
    expect(events and isinstance(events[-1], completed), f"no picture at the end: {[event.type for event in events]}")
    partials = events[:-1]
    expect(all(isinstance(event, partial) for event in partials), [event.type for event in events])
    expect(len(partials) <= most, f"{len(partials)} partial pictures where {most} were asked for")
    same([event.partial_image_index for event in partials], list(range(len(partials))), "indices")
    for event in events:
        same("x".join(map(str, size(decoded(event.b64_json)))), event.size, "the size of an event")
        same((event.quality, event.background, event.output_format), ("auto", "opaque", "png"), "words of an event")
        expect(event.created_at > 1_600_000_000, "no time")
    usage = events[-1].usage
    same((usage.input_tokens, usage.output_tokens, usage.total_tokens), (0, 0, 0), "tokens, which nobody counts")
    if side:
        same(events[-1].size, f"{side}x{side}", "the size of the finished picture")


def check_streams(servers: Servers) -> None:
    client = servers.client()
    seen = 0
    for count in range(4):
        events = list(client.images.generate(prompt=PROMPT, stream=True, partial_images=count, size="256x256"))
        check_events(events, ImageGenPartialImageEvent, ImageGenCompletedEvent, count, 256)
        seen += len(events) - 1
    expect(seen > 0, "of six partial pictures none came")
    picture, mask = make_png(64, 64), make_png(64, 64, hole=(16, 48))
    with client.images.edit(image=picture, mask=mask, prompt=PROMPT, stream=True, partial_images=2) as stream:
        check_events(list(stream), ImageEditPartialImageEvent, ImageEditCompletedEvent, 2)


async def check_asynchronously(servers: Servers) -> None:
    async with servers.asynchronous() as client:
        same(sorted([model.id async for model in client.models.list()]), ["dall-e-2", "model"], "the models")
        answers = await asyncio.gather(
            *(client.images.generate(prompt=PROMPT, response_format="b64_json") for _ in range(6)))
        same(len({answer.data[0].b64_json for answer in answers}), 6, "different pictures of calls at once")
        picture = decoded(answers[0].data[0].b64_json)
        varied = await client.images.create_variation(image=picture, response_format="b64_json")
        size(decoded(varied.data[0].b64_json))
        stream = await client.images.generate(prompt=PROMPT, stream=True, partial_images=1)
        check_events([event async for event in stream], ImageGenPartialImageEvent, ImageGenCompletedEvent, 1)
        edited = await client.images.edit(
            image=make_png(64, 64, hole=(8, 24)), prompt=PROMPT, stream=True, partial_images=1)
        check_events([event async for event in edited], ImageEditPartialImageEvent, ImageEditCompletedEvent, 1)
        with refused(openai.BadRequestError, "integer_above_max_value", "n"):
            await client.images.generate(prompt=PROMPT, n=99)


def check_calls_sent_again(servers: Servers) -> None:
    # The client gives up long before the pictures are there, again and again: they are made once.
    before = {job["id"] for job in servers.jobs()}
    impatient = servers.client(timeout=0.3, max_retries=30)
    answer = impatient.images.generate(prompt="a banana", n=10, size="1024x1024")
    same(len(answer.data), 10, "pictures of a call that was sent again")
    new = [job for job in servers.jobs() if job["id"] not in before]
    same([(job["name"], job["images"]["total"]) for job in new], [("api", 10)], "jobs of a call that was sent again")
    expect(new[0]["id"] in answer.data[0].url, "the answer is of another job")
    # Whoever closes the connection and does not come back has the job cancelled.
    guarded = servers.of("alice", timeout=0.5)
    try:
        guarded.images.generate(prompt=PROMPT)
        expect(False, "a picture came where there is no worker")
    except openai.APITimeoutError:
        pass
    eventually(
        "the job of a client that has gone is cancelled",
        lambda: servers.jobs_of("alice")[0]["state"] == "cancelled")


def check_door(servers: Servers) -> None:
    with refused(openai.AuthenticationError, "invalid_api_key"):
        servers.of("alice", api_key="sk-nobodys").models.list()
    with refused(openai.PermissionDeniedError, "insufficient_permissions"):
        servers.of("bob").images.generate(prompt=PROMPT)
    same(len(list(servers.of("bob").models.list())), 2, "models")
    with refused(openai.RateLimitError, "rate_limit_exceeded") as raised:
        servers.of("alice").images.generate(prompt=PROMPT, n=3)
    expect(int(raised[0].response.headers["retry-after"]) > 0, "no time to come again")
    # No worker is there: after two seconds the call has to be sent again.
    with refused(openai.InternalServerError, "timeout") as raised:
        servers.of("alice").images.generate(prompt=PROMPT)
    late = raised[0].response
    same((late.status_code, late.headers["x-should-retry"]), (504, "true"), "a call that takes too long")


def check(servers: Servers) -> None:
    for part in (check_models, check_generations, check_wrong_calls, check_variations, check_edits, check_streams):
        part(servers)
    asyncio.run(check_asynchronously(servers))
    for part in (check_calls_sent_again, check_door):
        part(servers)


if __name__ == "__main__":
    raise SystemExit(f"Run {Path(__file__).parents[1] / 'openai-client'}.")

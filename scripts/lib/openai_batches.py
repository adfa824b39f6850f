"""Files, batches and webhooks of OpenAI's API, by the official client: every call, its fields and errors, a batch that
is rendered, batches of 50,000 lines and of 200 MB, cancelling, and events."""

import asyncio
import base64
import json
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
from openai.types import Batch, FileObject
from openai.types.webhooks import BatchCompletedWebhookEvent, BatchFailedWebhookEvent

from local_cluster import Cluster
from openai_client import ALIASES, Servers, eventually, expect, refused, same

SECRET = "whsec_" + base64.b64encode(b"scripts/openai-client's own key.").decode()
URL = "/v1/images/generations"


def line(name: str, url: str = URL, **body: Any) -> str:
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}) + "\n"


def upload(client: openai.OpenAI, text: str, **options: Any) -> FileObject:
    return client.files.create(file=("lines.jsonl", text.encode()), purpose="batch", **options)


def begin(client: openai.OpenAI, text: str, endpoint: Any = URL, **options: Any) -> Batch:
    batch = client.batches.create(
        input_file_id=upload(client, text).id, endpoint=endpoint, completion_window="24h", **options)
    same(batch.status, "validating", "the status of a new batch")
    return batch


def reached(client: openai.OpenAI, batch: Batch, *states: str, seconds: float = 300) -> Batch:
    eventually(f"a batch is {' or '.join(states)}", lambda: client.batches.retrieve(batch.id).status in states, seconds)
    return client.batches.retrieve(batch.id)


def answers(client: openai.OpenAI, file: str | None) -> dict[str, dict]:
    """The lines of a file, each of which must be there once."""
    if file is None:
        return {}
    found: dict[str, dict] = {}
    for text in client.files.content(file).text.splitlines():
        answer = json.loads(text)
        same(set(answer), {"id", "custom_id", "response", "error"}, "the fields of an answer")
        expect(answer["custom_id"] not in found, f"{answer['custom_id']} is answered twice")
        found[answer["custom_id"]] = answer
    return found


def check_files(servers: Servers) -> None:
    client = servers.client(max_retries=0)
    text = line("a", prompt="a red apple")
    start = int(time.time())
    file = upload(client, text, expires_after={"anchor": "created_at", "seconds": 3600})
    same((file.object, file.bytes, file.filename, file.purpose, file.status),
         ("file", len(text), "lines.jsonl", "batch", "processed"), "a file")
    same(file.expires_at, file.created_at + 3600, "the end of a file")
    expect(abs(file.created_at - start) < 60, "the time of a file")
    same(client.files.retrieve(file.id), file, "a file that is asked for")
    same(client.files.content(file.id).read(), text.encode(), "the contents of a file")
    same(client.files.wait_for_processing(file.id).id, file.id, "a file that is waited for")
    others = [upload(client, text) for _ in range(4)]
    same(others[0].expires_at, others[0].created_at + 30 * 86_400, "the end of a file of lines")
    names = [f.id for f in client.files.list(limit=2, order="asc")]
    own = [f.id for f in [file, *others]]
    same([n for n in names if n in own], own, "pages of a list")
    page = client.files.list(limit=2, purpose="batch")
    same((len(page.data), page.has_more), (2, True), "a page")
    same([f.id for f in client.files.list(after=others[1].id, limit=1).data], [others[0].id], "the newest first")
    same(client.files.list(purpose="fine-tune").data, [], "files of another purpose")
    for other in others:
        expect(client.files.delete(other.id).deleted, "a file is deleted")
    with refused(openai.NotFoundError, None, "id"):
        client.files.retrieve(others[0].id)
    with refused(openai.NotFoundError, None, "id"):
        client.files.content(others[0].id)
    with refused(openai.NotFoundError, None, "id"):
        client.files.delete(others[0].id)
    with refused(openai.BadRequestError, "invalid_value", "purpose"):
        client.files.create(file=("a", b"a"), purpose="assistants")
    with refused(openai.BadRequestError, "integer_below_min_value", "expires_after[seconds]"):
        upload(client, text, expires_after={"anchor": "created_at", "seconds": 3599})
    with refused(openai.BadRequestError, "integer_above_max_value", "limit"):
        client.files.list(limit=10_001)
    with refused(openai.NotFoundError, None, "after"):
        client.files.list(after="file-none")


def check_rendered(servers: Servers) -> None:
    client = servers.client()
    text = "".join(line(f"url {n}", prompt="a red apple on a blue background") for n in range(12))
    text += "".join(line(f"b64 {n}", prompt="a banana", response_format="b64_json", n=2) for n in range(3))
    text += line("too many", prompt="a pizza", n=20) + line("foreign", prompt="a pizza", style="vivid")
    text += line("named", model="dall-e-2", prompt="a lemon", size="256x256", user="somebody")
    batch = begin(client, text, metadata={"myKey": "v"}, output_expires_after={"anchor": "created_at", "seconds": 7200})
    batch = reached(client, batch, "completed", "failed")
    same(batch.status, "completed", f"a batch ({batch.errors})")
    same(batch.metadata, {"myKey": "v"}, "metadata")
    counts = batch.request_counts
    same((counts.total, counts.completed, counts.failed), (18, 16, 2), "counts")
    for at in [batch.in_progress_at, batch.finalizing_at, batch.completed_at, batch.expires_at]:
        expect(at, "a time is missing")
    made, failed = answers(client, batch.output_file_id), answers(client, batch.error_file_id)
    same(len(made), 16, "pictures that were made")
    same(set(failed), {"too many", "foreign"}, "lines that failed")
    for name, param in [("too many", "n"), ("foreign", "style")]:
        response = failed[name]["response"]
        same((failed[name]["error"], response["status_code"]), (None, 400), name)
        same(response["body"]["error"]["param"], param, name)
    output = client.files.retrieve(batch.output_file_id)
    same((output.purpose, output.expires_at), ("batch_output", output.created_at + 7200), "the output file")
    for name, answer in made.items():
        same((answer["response"]["status_code"], answer["error"]), (200, None), name)
        for picture in answer["response"]["body"]["data"]:
            if name.startswith("b64"):
                png = base64.b64decode(picture["b64_json"], validate=True)
            else:
                with urllib.request.urlopen(picture["url"], timeout=60) as got:
                    png = got.read()
            expect(png.startswith(b"\x89PNG"), f"no PNG file: {name}")
    listed = client.batches.list(limit=1)
    same((listed.data[0].id, len(listed.data)), (batch.id, 1), "the newest batch")
    with refused(openai.BadRequestError, "invalid_batch_status"):
        client.batches.cancel(batch.id)


def check_variations(servers: Servers) -> None:
    client = servers.client()
    picture = base64.b64decode(
        client.images.generate(prompt="a red apple", response_format="b64_json").data[0].b64_json or "")
    kept = client.files.create(file=("apple.png", picture), purpose="vision")
    url = "/v1/images/variations"
    base64_text = base64.b64encode(picture).decode()
    text = (line("file", url, image=kept.id) + line("base64", url, image=base64_text)
            + line("data", url, image=f"data:image/png;base64,{base64_text}") + line("none", url)
            + line("other", url, image="file-none"))
    batch = reached(client, begin(client, text, endpoint=url), "completed", "failed")
    same(set(answers(client, batch.output_file_id)), {"file", "base64", "data"}, f"variations ({batch.errors})")
    same(set(answers(client, batch.error_file_id)), {"none", "other"}, "variations of nothing")


def check_refused(servers: Servers) -> None:
    client = servers.client(max_retries=0)
    for text, code, number in [
        ("{\n", "invalid_json_line", 1), ("", "empty_file", None),
        (line("a", prompt="a") * 2, "duplicate_custom_id", 2),
        (line("a", "/v1/images/edits", prompt="a"), "url_mismatch", 1),
        (line("a", prompt="a") + line("b", prompt="b", model="model"), "model_mismatch", 2),
        (line("a", prompt="a", model="gpt-9"), "model_not_found", 1),
    ]:
        batch = reached(client, begin(client, text), "failed", "completed")
        same((batch.status, batch.output_file_id, batch.error_file_id), ("failed", None, None), code)
        first = (batch.errors.data or [])[0]
        same((batch.errors.object, first.code, first.line), ("list", code, number), code)
    file = upload(client, line("a", prompt="a"))
    good: dict[str, Any] = {"input_file_id": file.id, "endpoint": URL, "completion_window": "24h"}
    for change, code, param in [
        ({"input_file_id": "file-none"}, "invalid_value", "input_file_id"),
        ({"endpoint": "/v1/embeddings"}, "invalid_value", "endpoint"),
        ({"completion_window": "1h"}, "invalid_value", "completion_window"),
        ({"metadata": {str(n): "" for n in range(17)}}, "object_above_max_properties", "metadata"),
        ({"metadata": {"k" * 65: ""}}, "string_above_max_length", "metadata"),
        ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "integer_below_min_value", "seconds"),
    ]:
        with refused(openai.BadRequestError, code, param):
            client.batches.create(**{**good, **change})
    with refused(openai.NotFoundError, None, "id"):
        client.batches.retrieve("batch_none")
    with refused(openai.NotFoundError, None, "id"):
        client.batches.cancel("batch_none")
    with refused(openai.BadRequestError, "integer_above_max_value", "limit"):
        client.batches.list(limit=101)


def check_full_size(servers: Servers) -> None:
    """50,000 lines and nearly 200 MB in and out; they ask for what there is not, or are cancelled."""
    client = servers.client(timeout=600)
    filler = "u" * 4000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        with path.open("w") as file:
            for n in range(50_000):
                file.write(line(f"request-{n}", prompt="a red apple", n=20, user=filler))
        size = path.stat().st_size
        expect(190e6 < size <= 200 * 2**20, f"{size} bytes of lines")
        start = time.monotonic()
        kept = client.files.create(file=path, purpose="batch")
        uploaded = time.monotonic() - start
        same(kept.bytes, size, "the size of a large file")
        start = time.monotonic()
        batch = reached(
            client, client.batches.create(input_file_id=kept.id, endpoint=URL, completion_window="24h"),
            "completed", "failed", seconds=900)
        took = time.monotonic() - start
    same((batch.status, batch.output_file_id, batch.request_counts.failed), ("completed", None, 50_000),
         f"a batch of which all failed ({batch.errors})")
    same(set(answers(client, batch.error_file_id)), {f"request-{n}" for n in range(50_000)}, "its answers")
    print(f"  {size / 1e6:.0f} MB uploaded in {uploaded:.1f} s; 50,000 lines read and answered in {took:.1f} s, "
          f"{50_000 / took:.0f} a second", flush=True)
    client.files.delete(kept.id)

    text = "".join(line(f"request-{n}", prompt="a red apple") for n in range(50_000))
    start = time.monotonic()
    batch = reached(client, begin(client, text), "in_progress", "failed", seconds=900)
    print(f"  50,000 lines became a job in {time.monotonic() - start:.1f} s", flush=True)
    same(batch.request_counts.total, 50_000, "the lines of a batch")
    eventually("a picture is there", lambda: client.batches.retrieve(batch.id).request_counts.completed > 0, 120)
    expect(client.batches.cancel(batch.id).status in ("cancelling", "cancelled"), "a batch is cancelled")
    batch = reached(client, batch, "cancelled")
    made, failed = answers(client, batch.output_file_id), answers(client, batch.error_file_id)
    expect(made and batch.cancelled_at, "a cancelled batch has what was done")
    same(len(made) + len(failed), 50_000, "each line's answer")
    same({a["error"]["code"] for a in failed.values()}, {"batch_cancelled"}, "what was not done")
    text = "".join(line(f"{n}", prompt="") for n in range(50_001))
    batch = reached(client, begin(client, text), "failed", "completed", seconds=900)
    same([e.code for e in batch.errors.data or []], ["too_many_tasks"], "a line too many")


def check_owners(servers: Servers) -> None:
    alice, bob = servers.of("alice"), servers.of("bob")
    batch = begin(alice, line("a", prompt="a") + line("b", prompt="b") + line("c", prompt="c"))
    batch = reached(alice, batch, "failed", "in_progress")
    same((batch.errors.data or [])[0].code, "quota_exceeded", "a batch of more than its owner may have")
    same(bob.batches.list().data, [], "another's batches")
    same(bob.files.list().data, [], "another's files")
    with refused(openai.NotFoundError, None, "id"):
        bob.batches.retrieve(batch.id)
    with refused(openai.NotFoundError, None, "id"):
        bob.files.content(batch.input_file_id)
    with refused(openai.PermissionDeniedError, "insufficient_permissions"):
        upload(bob, "x")


async def check_asynchronous(servers: Servers) -> None:
    async with servers.asynchronous() as client:
        file = await client.files.create(file=("a.jsonl", line("a", prompt="").encode()), purpose="batch")
        batch = await client.batches.create(input_file_id=file.id, endpoint=URL, completion_window="24h")
        while (batch := await client.batches.retrieve(batch.id)).status != "completed":
            expect(batch.status != "failed", batch.errors)
            await asyncio.sleep(0.2)
        content = await client.files.content(batch.error_file_id or "")
        same(len(content.text.splitlines()), 1, "the answer of a batch of one")
        same((await client.batches.list(limit=1)).data[0].id, batch.id, "the newest batch")
        expect((await client.files.delete(file.id)).deleted, "a file is deleted")


class Receiver(ThreadingHTTPServer):
    """Is told of batches, and does not take what comes first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.events: list[tuple[dict[str, str], bytes]] = []
        self.refusals = 1


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.events.append((dict(self.headers.items()), body))
        self.server.refusals -= 1
        self.send_response(500 if self.server.refusals >= 0 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def check_webhooks(servers: Servers) -> None:
    with Receiver() as receiver, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        secret = Path(folder) / "hook.secret"
        secret.write_text(SECRET + "\n")
        more = (f"webhooks:\n  - url: http://127.0.0.1:{receiver.server_port}/hook\n    private: true\n"
                f"    secret: {secret}\n")
        with Cluster("openai-webhooks", servers.open.atelier, Path("models/starter"), more=ALIASES + more) as cluster:
            cluster.launch("coordinator", "coordinator")
            cluster.ready()
            client = openai.OpenAI(base_url=cluster.url + "/v1", api_key="sk-any", webhook_secret=SECRET)
            done = begin(client, line("a", prompt=""))
            reached(client, done, "completed")
            broken = begin(client, "{")
            reached(client, broken, "failed")
            # The one that was refused comes again.
            eventually("all events came", lambda: len(receiver.events) >= 3, 60)
            seen = {}
            for headers, body in receiver.events:
                event = client.webhooks.unwrap(body, headers)
                seen[event.data.id] = event
                try:
                    client.webhooks.unwrap(body + b" ", headers)
                except openai.InvalidWebhookSignatureError:
                    continue
                expect(False, "a body that was changed is taken")
            expect(isinstance(seen[done.id], BatchCompletedWebhookEvent), seen[done.id])
            expect(isinstance(seen[broken.id], BatchFailedWebhookEvent), seen[broken.id])
            same(len({h.get("webhook-id") for h, _ in receiver.events}), 2, "the ids of two events")
        receiver.shutdown()


def check(servers: Servers) -> None:
    check_files(servers)
    check_refused(servers)
    check_rendered(servers)
    check_variations(servers)
    check_owners(servers)
    asyncio.run(check_asynchronous(servers))
    check_webhooks(servers)
    check_full_size(servers)

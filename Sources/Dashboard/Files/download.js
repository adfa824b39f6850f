// Saves pictures and manifests of a job as files of the browser.
import { get, picture } from './api.js';
import { fileName } from './format.js';
import { tell } from './shell.js';
import { zip } from './zip.js';

/** The browser holds them all before it saves them. */
const most = 2000;

/** Lets the browser save bytes under a name. */
export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The finished pictures that fit a filter, in one file. */
export async function savePictures(job, filter) {
  const state = filter.state || 'completed';
  if (state !== 'completed') throw new Error('Only finished pictures can be downloaded; choose “Done” or “All”.');
  const files = [];
  for (let offset = 0;; offset += 500) {
    const page = await get(`jobs/${job.id}/pictures`, { offset, limit: 500, text: filter.text, state });
    files.push(...page.pictures.filter(line => line.sha256));
    if (files.length > most) throw new Error(
      `More than ${most} pictures are too many for a browser: 'atelier fetch ${job.id}' fetches them all.`);
    if (page.pictures.length < 500) break;
  }
  if (!files.length) throw new Error('No picture is finished yet.');
  const isSeveral = job.images.total > job.items;
  const entries = [];
  for (const line of files) {
    if (entries.length % 20 === 0) tell(`${entries.length} of ${files.length} pictures fetched`);
    const blob = await picture(job.id, line.item, line.index);
    entries.push({ name: fileName(line.item, line.index, isSeveral, line.title), bytes: new Uint8Array(await blob
        .arrayBuffer()) });
  }
  save(zip(entries), `${job.id}.zip`);
  tell(`${files.length} pictures saved.`);
}

/** All lines of the manifest as the coordinator signs them. */
export async function saveManifest(job) {
  const texts = [];
  for (let after = 0; after !== undefined && after !== null;) {
    const part = await get(`jobs/${job.id}/manifest`, { after, limit: 1000 });
    texts.push(part.lines);
    after = part.next;
  }
  save(new Blob(texts, { type: 'application/jsonl' }), `${job.id}-manifest.jsonl`);
}

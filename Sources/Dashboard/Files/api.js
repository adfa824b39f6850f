// The native API: every question and every change goes through here.

/** What the coordinator refuses, with its words; `status` 0 where nobody answers. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const root = '/api/v1/';

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(root + path, { credentials: 'same-origin', ...options });
  } catch {
    throw new Refusal(0, 'unreachable', 'The coordinator does not answer. It is asked again every few seconds.');
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  const facts = await answer.json().catch(() => ({}));
  // Either form of errors: {"error": {...}} or a problem of RFC 9457.
  const error = facts.error ?? facts;
  return new Refusal(answer.status, error.code ?? '', error.message ?? error.detail ?? error.title ??
    `The coordinator answered ${answer.status}.`);
}

/** Seeds have 64 bits, numbers of JavaScript 53: long ones stay text. */
const parse = text => text ? JSON.parse(text.replace(/"seed":(\d{16,})/g, '"seed":"$1"')) : null;

const query = values => {
  const list = Object.entries(values ?? {}).filter(([, value]) => value !== undefined && value !== null && value !==
    '');
  // A space is %20 here: the coordinator reads a plus as a plus.
  return list.length ? '?' + list.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&') : '';
};

/** Facts. */
export const get = async (path, values, options) => parse(await (await ask(path + query(values), options)).text());

/** A change. */
export const post = async (path, values, body, headers) =>
  parse(await (await ask(path + query(values), { method: 'POST', body, headers })).text());

/** Where the finished picture is; its digest lets the browser keep it. */
export const pictureURL = (job, item, index, digest) =>
  `${root}jobs/${encodeURIComponent(job)}/pictures/${item}/${index}` + (digest ? `?sha256=${digest}` : '');

/** Where the half-made picture is, as of now. */
export const previewURL = (job, item, index) =>
  `${root}jobs/${encodeURIComponent(job)}/pictures/${item}/${index}/preview?t=${Math.floor(Date.now() / 1000)}`;

/** Sends a file, unless it is there already, and gives what requests call it. */
export async function upload(blob, name = 'picture.png') {
  if (!crypto.subtle) {
    throw new Refusal(0, 'insecure',
      'A browser sends pictures over HTTPS or to this machine only: open this page by ' +
      'https:// or at 127.0.0.1.');
  }
  const bytes = await blob.arrayBuffer();
  const digest = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
    .map(byte => byte.toString(16).padStart(2, '0')).join('');
  const known = await ask('sources/' + digest, { method: 'HEAD' }).catch(error => {
    if (error.status === 404) return null;
    throw error;
  });
  if (!known) await ask('sources/' + digest, { method: 'PUT', body: bytes });
  return `sha256:${digest}#${name}`;
}

/** The bytes of a finished picture. */
export async function picture(job, item, index) {
  const answer = await fetch(pictureURL(job, item, index), { credentials: 'same-origin' });
  if (!answer.ok) throw await refusal(answer);
  return answer.blob();
}

/** Makes a job of lines of a prompt file; `options` are those of the query. A person waits for it, so that it goes
 *  before batch work where the coordinator knows how. */
export async function submit(lines, options) {
  const body = lines.map(line => JSON.stringify(line)).join('\n') + '\n';
  const values = { format: 'jsonl', ...options };
  const headers = { 'Idempotency-Key': `"${Date.now()}-${Math.random().toString(36).slice(2)}"` };
  try {
    return await post('jobs', { ...values, interactive: true }, body, headers);
  } catch (error) {
    if (error.status !== 400 || !error.message.includes("'interactive'")) throw error;
    return await post('jobs', values, body, headers);
  }
}

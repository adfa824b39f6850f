// What comes of a request, as it comes: pictures side by side, an interpolation as a filmstrip, a text diff under a
// slider over its strengths.
import { get, pictureURL, post, previewURL } from './api.js';
import { chip, stageBars } from './bars.js';
import { fill, h } from './dom.js';
import { stateNames } from './format.js';
import { follow } from './live.js';
import { address, jobAddress, pictureAddress } from './route.js';
import { attempt, trouble } from './shell.js';

export class Results {
  constructor(place) { this.place = place; }

  /** Shows a job's pictures; nothing for none. */
  show(job) {
    if (job === this.job && this.isShown) return;
    this.close();
    this.job = job;
    this.isShown = true;
    this.strength = undefined;
    if (!job) {
      fill(this.place, h('div.try-nothing', {}, h('p', {}, 'What you ask for appears here, half-made at first.')));
      return;
    }
    this.place.replaceChildren();
    this.end = follow(`jobs/${job}/events`, () => this.refresh());
    // Previews come more often than other news.
    this.timer = setInterval(() => {
      if (!document.hidden && this.lines?.[0]?.job === this.job && this.lines.some(line => line.state ===
          'pending')) this.draw();
    }, 1000);
  }

  close() {
    clearInterval(this.timer);
    this.end?.();
    this.end = null;
  }

  async refresh() {
    const job = this.job;
    try {
      if (this.status?.id === job && this.status.finished_at && this.lines?.every(line => line.state !== 'pending'))
        return;
      const [status, page] = await Promise.all([get(`jobs/${job}`), get(`jobs/${job}/images`, { limit: 100 })]);
      if (job !== this.job) return;
      this.status = status;
      this.lines = page.lines;
      this.draw();
    } catch (error) {
      fill(this.place, trouble(error));
    }
  }

  draw() {
    const { status, lines } = this;
    const isOver = Boolean(status.finished_at);
    const kind = lines[0]?.operation?.kind ?? 'render';
    fill(this.place,
      h('div.result-head', { key: 'head' }, h('h2', {}, status.name), !isOver && chip(status.state),
        h('a', { href: jobAddress(status.id) }, 'As a job'),
        !isOver && h('button.quiet', {
          type: 'button',
          onclick: event => attempt(event.currentTarget, async () => {
            this.status = await post(`jobs/${status.id}/cancel`);
            this.draw();
          })
        }, 'Stop')),
      !isOver && stageBars(status),
      status.waiting_for.length > 0 && h('ul.notice', { key: 'waiting' }, status.waiting_for.map(text => h(
        'li', {}, text))),
      lines.length > 0 && (kind === 'diff' ? this.diff(lines) : kind === 'interpolate' ? strip(lines) : sheet(
        lines)),
      isOver && lines.some(line => line.sha256) && this.next(lines));
  }

  /** One picture at a time, by the strength of the change. */
  diff(lines) {
    const strengths = lines[0].operation.strengths ?? lines.map((_, index) => index);
    const place = Math.min(this.strength ?? Math.floor(lines.length / 2), lines.length - 1);
    const { from, to } = lines[0].operation;
    return h('div.diff', { key: 'diff' },
      h('div.diff-picture', {}, lines.map(line => h('div', {
        key: line.index,
        class: line.index === place ? 'is-shown' : '',
        'aria-hidden': String(line.index !== place)
      }, shown(line)))),
      h('label.diff-slider', {}, h('span', {}, `Strength ${Number(strengths[place]).toFixed(2)}`),
        h('input', {
          type: 'range',
          min: 0,
          max: lines.length - 1,
          step: 1,
          value: place,
          'aria-valuetext': `strength ${strengths[place]}`,
          oninput: event => {
            this.strength = Number(event.target.value);
            this.draw();
          }
        })),
      h('div.diff-ends', {}, h('span', {}, from), h('span', {}, to)),
      h('ol.strip', {}, lines.map(line => h('li', { key: line.index },
        h('button', { type: 'button', 'aria-pressed': String(line.index === place), onclick: () => { this
                .strength = line.index;
              this.draw(); } },
          shown(line, `strength ${strengths[line.index]}`), h('span.strip-words', {}, Number(strengths[line
            .index]).toFixed(2)))))));
  }

  next(lines) {
    const line = lines.find(line => line.sha256);
    const from = `${line.job}/${line.item}/${line.index}`;
    return h('div.row.wrap', { key: 'next' },
      h('a.button', { href: address(['try', 'vary'], { picture: from }) }, 'More like this'),
      h('a.button', { href: address(['try', 'diff'], { picture: from, from: line.prompt }) }, 'Change this'),
      h('a.button', { href: address(['try', 'edit'], { picture: from, prompt: line.prompt }) }, 'Paint over'));
  }
}

/** The picture, or what it would become as of now. */
function shown(line, words) {
  const alt = words ?? (line.prompt || `Picture ${line.index + 1}`);
  if (line.state === 'completed' && line.sha256) {
    return h('img', { key: line.sha256, src: pictureURL(line.job, line.item, line.index, line.sha256), alt });
  }
  return h('span.coming', { key: 'coming' }, h('span', {}, line.error ?? stateNames[line.state]),
    line.state === 'pending' && h('img', {
      src: previewURL(line.job, line.item, line.index),
      alt: '',
      onload: event => { event.target.style.opacity = 1; },
      onerror: event => { event.target.style.opacity = 0; }
    }));
}

const sheet = lines => h('ul.sheet', { key: 'sheet', class: lines.length === 1 ? 'is-single' : '' }, lines.map(line =>
  h('li', { key: `${line.item}/${line.index}` }, h('a', { href: pictureAddress(line.job, line.item, line.index) },
    shown(line)))));

const strip = lines => h('ol.film', { key: 'film', tabindex: 0, 'aria-label': 'From one end to the other' }, lines.map(
  line =>
  h('li', { key: line.index }, h('a', { href: pictureAddress(line.job, line.item, line.index) }, shown(line,
      `Step ${line.index + 1} of ${lines.length}`)),
    h('span.muted', {}, line.index === 0 ? 'one end' : line.index === lines.length - 1 ? 'the other' :
      `${Math.round(line.index / (lines.length - 1) * 100)} %`))));

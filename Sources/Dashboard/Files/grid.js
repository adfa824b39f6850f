// A grid of a job's pictures that only ever holds those in sight: a hundred thousand scroll like twenty. It scrolls with
// the page. Facts of the pictures come in pages of a hundred, which are kept until the job moves.
import { get, pictureURL } from './api.js';
import { fill, h } from './dom.js';
import { count, stateNames } from './format.js';

const pageSize = 100;
/** Browsers give up on elements beyond some ten million pixels; a longer grid scrolls in larger strides. */
const tallest = 8_000_000;
const caption = 42,
  gap = 12;

export class Grid {
  /** `link` gives the address of a picture. */
  constructor(place, job, link) {
    Object.assign(this, { place, job, link, pages: new Map(), asked: new Map(), values: {}, total: undefined });
    this.empty = h('p.empty', { hidden: true });
    this.list = h('ul.grid', { 'aria-label': 'Pictures' });
    place.append(this.empty, this.list);
    this.draw = () => {
      this.frame ||= requestAnimationFrame(() => {
        this.frame = 0;
        this.drawNow();
      });
    };
    window.addEventListener('scroll', this.draw, { passive: true });
    this.sized = new ResizeObserver(this.draw);
    this.sized.observe(place);
    this.list.addEventListener('keydown', event => this.pressed(event));
  }

  close() {
    window.removeEventListener('scroll', this.draw);
    this.sized.disconnect();
    cancelAnimationFrame(this.frame);
    this.isClosed = true;
  }

  /** Shows other pictures: by `state` and `text`. */
  filter(values) {
    this.values = values;
    this.total = undefined;
    this.forget();
    this.draw();
  }

  /** Takes what is new of the job: what is in sight is asked for again, if anything has changed. */
  async refresh(job) {
    const mark = JSON.stringify([job.images, this.values]);
    if (mark !== this.mark) {
      this.mark = mark;
      this.stale = this.pages;
      this.pages = new Map();
      this.asked.clear();
      if (!this.values.text) this.total = this.values.state ? job.images[this.values.state] : job.images.total;
    }
    this.draw();
  }

  forget() {
    this.pages = new Map();
    this.stale = new Map();
    this.asked.clear();
    this.mark = '';
  }

  /** The picture at a place of the list, if its page has come. */
  at(place) {
    const page = Math.floor(place / pageSize);
    return (this.pages.get(page) ?? this.stale?.get(page))?.[place % pageSize];
  }

  async load(page) {
    if (this.asked.has(page) || this.isClosed) return this.asked.get(page);
    const values = this.values,
      asked = this.asked;
    const loading = get(`jobs/${this.job}/pictures`, { offset: page * pageSize, limit: pageSize, ...values })
      .then(answer => {
        if (values !== this.values || asked.get(page) !== loading) return;
        this.pages.set(page, answer.pictures);
        if (answer.total !== undefined) this.total = answer.total;
        this.draw();
      }, () => { if (asked.get(page) === loading) setTimeout(() => asked.delete(page), 2000); });
    asked.set(page, loading);
    return loading;
  }

  /** The picture before or behind another, among those that are shown; undefined at an end. */
  neighbour(picture, step) {
    for (const pages of [this.pages, this.stale ?? new Map()]) {
      for (const [page, pictures] of pages) {
        const found = pictures.findIndex(other => other.item === picture.item && other.index === picture.index);
        if (found < 0) continue;
        const place = page * pageSize + found + step;
        if (place < 0 || place >= (this.total ?? 0)) return undefined;
        if (!this.at(place)) this.load(Math.floor(place / pageSize));
        return this.at(place);
      }
    }
    return undefined;
  }

  measure() {
    const width = this.place.clientWidth;
    const columns = Math.max(2, Math.floor((width + gap) / (width < 600 ? 118 : 156)));
    const side = (width - gap * (columns - 1)) / columns;
    const row = side + caption + gap;
    const rows = Math.ceil((this.total ?? 0) / columns);
    const height = Math.max(0, rows * row - gap);
    return { columns, side, row, rows, height, shown: Math.min(height, tallest) };
  }

  drawNow() {
    if (this.isClosed) return;
    if (this.total === undefined) { this.load(0); return; }
    const { columns, side, row, rows, height, shown } = this.measure();
    this.columns = columns;
    this.list.style.height = `${shown}px`;
    this.empty.hidden = this.total > 0;
    fill(this.empty, this.total > 0 ? '' : this.values.text || this.values.state ? 'No picture fits the filter.' :
      'It has no pictures.');
    const top = -this.list.getBoundingClientRect().top;
    // How far the grid itself has moved when the page has moved so far.
    const view = window.innerHeight;
    const moved = height <= tallest ? top : Math.max(0, Math.min(1, top / (shown - view))) * (height - view);
    const first = Math.max(0, Math.floor(moved / row) - 2),
      last = Math.min(rows, Math.ceil((moved + view) / row) + 2);
    const cells = [];
    for (let place = first * columns; place < Math.min(last * columns, this.total); place += 1) {
      const line = Math.floor(place / columns);
      cells.push(this.cell(place, {
        left: `${(place % columns) * (side + gap)}px`,
        top: `${line * row - (moved - top)}px`,
        width: `${side}px`,
        height: `${side + caption}px`,
      }));
    }
    // What has the focus stays, wherever it is.
    fill(this.list, cells);
    for (let page = Math.floor(first * columns / pageSize); page <= Math.floor((last * columns - 1) /
      pageSize); page += 1) {
      if (page * pageSize < this.total) this.load(page);
    }
  }

  cell(place, style) {
    const picture = this.at(place);
    const attributes = { key: place, style, 'aria-setsize': this.total, 'aria-posinset': place + 1 };
    if (!picture) return h('li.cell.unknown', attributes, h('span.cell-picture'));
    const words = picture.title || `Picture ${picture.item + 1}`;
    return h('li.cell', { ...attributes, class: 'is-' + picture.state },
      h('a', { href: this.link(picture), 'data-place': place, title: picture.error ?? words },
        h('span.cell-picture', {}, picture.state === 'completed' && picture.sha256 ?
          h('img', { src: pictureURL(this.job, picture.item, picture.index, picture.sha256), alt: '',
            decoding: 'async' }) :
          h('span.cell-state', {}, picture.state === 'completed' ? (picture.is_kept === false ? 'No longer kept' :
            'Scores') : stateNames[picture.state])),
        h('span.cell-words', {}, words)),
      h('span.cell-number', {}, count(picture.item + 1), picture.count > 1 && `.${picture.index + 1}`));
  }

  /** Arrows go from picture to picture. */
  pressed(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
    const from = Number(event.target.dataset?.place);
    if (!step || Number.isNaN(from)) return;
    const place = from + step;
    if (place < 0 || place >= this.total) return;
    event.preventDefault();
    const focus = () => this.list.querySelector(`[data-place="${place}"]`)?.focus({ preventScroll: false });
    if (this.list.querySelector(`[data-place="${place}"]`)) focus();
    else {
      window.scrollBy(0, Math.sign(step) * this.measure().row);
      requestAnimationFrame(() => requestAnimationFrame(focus));
    }
  }
}

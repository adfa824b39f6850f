// One job: how far it is, why it waits, what failed, and all of its pictures.
import { get, post } from './api.js';
import { chip, stageBars } from './bars.js';
import { fill, h } from './dom.js';
import { saveManifest, savePictures } from './download.js';
import { ago, brief, count, duration, exact, rate, several, stateNames } from './format.js';
import { Grid } from './grid.js';
import { follow } from './live.js';
import { PictureView } from './picture.js';
import { go, jobAddress, pictureAddress } from './route.js';
import { attempt, confirm, trouble } from './shell.js';

export const key = parts => `job ${parts[1]}`;

export function open(main, parts, values) {
  const id = parts[1];
  if (!id) { go('#/', { replacing: true }); return { title: 'Now' }; }
  const page = new JobPage(main, id);
  page.change(parts, values);
  return { title: 'Job', change: (parts, values) => page.change(parts, values), close: () => page.close() };
}

class JobPage {
  constructor(main, id) {
    this.id = id;
    this.head = h('div.job-top');
    this.filters = h('div.filters', { role: 'search' });
    this.gridPlace = h('div.grid-place');
    main.append(this.head, this.filters, this.gridPlace);
    this.filter = {};
    this.search = h('input', {
      type: 'search',
      placeholder: 'Words of a prompt',
      'aria-label': 'Filter by text',
      'data-keep': true,
      oninput: () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.setFilter({ text: this.search.value.trim() }), 300);
      }
    });
    this.grid = new Grid(this.gridPlace, id, picture => pictureAddress(id, picture.item, picture.index, this
    .filter));
    this.view = new PictureView(id, {
      close: () => go(jobAddress(id, this.filter)),
      neighbour: (picture, step) => this.grid.neighbour(picture, step),
      show: picture => go(pictureAddress(id, picture.item, picture.index, this.filter), { replacing: true }),
    });
    this.end = follow(`jobs/${id}/events`, () => this.refresh(), (name, facts) => {
      if (name !== 'job' || !this.job) return true;
      this.job = facts;
      this.draw();
      return false;
    });
  }

  change(parts, values) {
    const filter = { state: values.get('state') ?? '', text: values.get('text') ?? '' };
    if (filter.state !== this.filter.state || filter.text !== this.filter.text) {
      this.filter = filter;
      if (document.activeElement !== this.search) this.search.value = filter.text;
      this.grid.filter(filter);
      this.draw();
    }
    if (parts.length >= 4) this.view.open(Number(parts[2]), Number(parts[3]));
    else this.view.hide();
  }

  close() {
    this.end();
    this.view.hide();
    this.grid.close();
  }

  setFilter(change) { go(jobAddress(this.id, { ...this.filter, ...change }), { replacing: true }); }

  async refresh() {
    try {
      this.job = await get(`jobs/${this.id}`);
      this.failures = this.job.images.failed ? await get(`jobs/${this.id}/failures`) : [];
      document.title = `${this.job.name} · Atelier`;
      this.draw();
      await this.grid.refresh(this.job);
      await this.view.refresh();
    } catch (error) {
      fill(this.head, h('h1', {}, 'Job'), trouble(error));
    }
  }

  draw() {
    const job = this.job;
    if (!job) return;
    fill(this.head,
      h('nav.crumb', { 'aria-label': 'Where you are' }, h('a', { href: '#/' }, 'Now'), h(
      'span', { 'aria-hidden': 'true' }, ' / '), h('code', {}, job.id)),
      h('div.job-title', {}, h('h1', {}, job.name), chip(job.state), this.actions(job)),
      h('div.job-figures', {}, figures(job)),
      stageBars(job),
      this.reasons(job),
      this.failed(job));
    fill(this.filters, h('div.chips', { role: 'group', 'aria-label': 'Filter by state' }, this.states(job)), this
      .search,
      h('span.muted.filter-count', { 'aria-live': 'polite' }, this.filter.text && this.grid.total !== undefined ?
        several(this.grid.total, 'picture') : ''));
  }

  actions(job) {
    const change = (verb, done) => event => attempt(event.currentTarget, async () => {
      this.job = await post(`jobs/${this.id}/${verb}`);
      this.draw();
    }, done);
    const isOver = job.state === 'completed' || job.state === 'cancelled';
    return h('div.row', {},
      job.images.failed > 0 && job.state !== 'cancelled' && h('button', {
        key: 'retry',
        type: 'button',
        onclick: change('retry', 'The failed pictures are tried again.')
      }, `Retry ${count(job.images.failed)} failed`),
      !isOver && (job.state === 'paused' ?
        h('button', { key: 'resume', type: 'button', onclick: change('resume', 'It goes on.') }, 'Resume') :
        h('button', { key: 'pause', type: 'button', onclick: change('pause', 'It is paused.') }, 'Pause')),
      !isOver && h('button.danger', {
        key: 'cancel',
        type: 'button',
        onclick: async event => {
          const button = event.currentTarget;
          const isSure = await confirm(`Cancel “${job.name}”?`,
            `${several(job.images.pending, 'picture')} will not be made. Finished ones stay.`,
            'Cancel the job');
          if (isSure) await attempt(button, async () => {
            this.job = await post(`jobs/${this.id}/cancel`);
            this.draw();
          }, 'It is cancelled.');
        }
      }, 'Cancel'),
      h('details.menu', { key: 'download' }, h('summary', {}, 'Download'), h('div.menu-list', {},
        h('button', { type: 'button', onclick: event => attempt(event.currentTarget, () => savePictures(job, this
              .filter)) },
          this.filter.state || this.filter.text ? 'Pictures that are shown (.zip)' : 'Pictures (.zip)'),
        h('button', { type: 'button', onclick: event => attempt(event.currentTarget, () => saveManifest(job)) },
          'Signed manifest (.jsonl)'),
        h('p.muted', {}, h('code', {}, `atelier fetch ${job.id}`)))));
  }

  reasons(job) {
    return job.waiting_for.length > 0 && h('section.notice', { key: 'reasons', 'aria-label': 'Why it waits' },
      h('ul', {}, job.waiting_for.map(text => h('li', {}, text))));
  }

  failed(job) {
    if (!this.failures?.length) return null;
    return h('section.trouble', { key: 'failures', 'aria-labelledby': 'failures' },
      h('h2', { id: 'failures' }, `${several(job.images.failed, 'picture')} failed`),
      h('ul', {}, this.failures.map(failure => h('li', {}, h('strong', {}, `${count(failure.images)} × `), failure
        .reason || 'no reason given',
        h('span.muted', {}, failure.example && ` — such as “${failure.example}”`)))),
      h('p', {}, h('a', { href: jobAddress(this.id, { state: 'failed' }) }, 'Show them'),
        ' · “Retry” tries each as often as at first; what a worker is to blame for goes to another.'));
  }

  states(job) {
    const all = [['', job.images.total, 'All'], ...['completed', 'pending', 'failed', 'cancelled']
      .map(state => [state, job.images[state], stateNames[state]])];
    return all.filter(([state, number]) => number > 0 || state === this.filter.state || state === '')
      .map(([state, number, name]) => h('button.filter', {
          key: state || 'all',
          type: 'button',
          'aria-pressed': String(state === this.filter.state),
          onclick: () => this.setFilter({ state })
        },
        name, ' ', h('span.filter-number', {}, count(number))));
  }
}

function figures(job) {
  const done = job.images.total - job.images.pending;
  const facts = [
    ['Pictures', `${count(done)} of ${count(job.images.total)}`],
    job.pictures_per_minute !== undefined && ['Rate', rate(job.pictures_per_minute)],
    job.seconds_left !== undefined && ['Left', duration(job.seconds_left)],
    ['Model', job.model, job.model_digest && `digest ${brief(job.model_digest)}`],
    ['Owner', job.owner],
    job.priority !== 0 && ['Priority', String(job.priority)],
    ['Begun', ago(job.created_at), exact(job.created_at)],
    job.finished_at && ['Took', duration((new Date(job.finished_at) - new Date(job.created_at)) / 1000), exact(job
      .finished_at)],
  ];
  return facts.filter(Boolean).map(([name, value, title]) => h('div.figure', { title }, h('span', {}, name), h(
    'strong', {}, value)));
}

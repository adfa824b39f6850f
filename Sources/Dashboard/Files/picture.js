// One picture, large, with all that is known of it and what can be made of it.
import { get, picture as bytesOf, pictureURL, previewURL, submit } from './api.js';
import { chip } from './bars.js';
import { fill, h } from './dom.js';
import { save } from './download.js';
import { brief, count, duration, exact, fileName, stageNames } from './format.js';
import { address, go, workerAddress } from './route.js';
import { attempt, tell } from './shell.js';

export class PictureView {
  /** `ways`: `close()`, `neighbour(picture, step)` and `show(picture)`. */
  constructor(job, ways) {
    Object.assign(this, { job, ways });
  }

  open(item, index) {
    if (this.dialog && this.item === item && this.index === index) return;
    this.item = item;
    this.index = index;
    this.facts = null;
    if (!this.dialog) {
      this.dialog = h('dialog.picture', { 'aria-label': 'Picture' });
      this.dialog.addEventListener('cancel', event => {
        event.preventDefault();
        this.ways.close();
      });
      this.dialog.addEventListener('click', event => { if (event.target === this.dialog) this.ways.close(); });
      this.dialog.addEventListener('keydown', event => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step && !event.target.closest('pre')) {
          event.preventDefault();
          this.step(step);
        }
      });
      document.body.append(this.dialog);
      // Before it is shown, so that there is something in it to have the focus.
      this.draw();
      this.dialog.showModal();
    }
    this.draw();
    this.refresh();
  }

  hide() {
    this.dialog?.close();
    this.dialog?.remove();
    this.dialog = null;
  }

  step(step) {
    const next = this.ways.neighbour({ item: this.item, index: this.index }, step);
    if (next) this.ways.show(next);
  }

  /** Asks again, unless nothing can change any more. */
  async refresh() {
    if (!this.dialog || (this.facts && this.facts.line.state !== 'pending' && !this.error)) return;
    const { item, index } = this;
    try {
      const facts = await get(`jobs/${this.job}/pictures/${item}/${index}/details`);
      if (item !== this.item || index !== this.index) return;
      this.facts = facts;
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    if (this.dialog) this.draw();
  }

  draw() {
    const line = this.facts?.line;
    fill(this.dialog,
      h('div.picture-head', { key: 'head' },
        h('button.quiet', { type: 'button', onclick: () => this.step(-1), 'aria-label': 'The picture before' },
          '←'),
        h('button.quiet', { type: 'button', onclick: () => this.step(1), 'aria-label': 'The next picture' }, '→'),
        h('span.muted', {}, `Picture ${count(this.item + 1)}`, line?.count > 1 &&
          `, ${this.index + 1} of ${line.count}`),
        h('button.quiet.picture-close', { type: 'button', autofocus: true, onclick: () => this.ways
        .close(), 'aria-label': 'Close' }, '✕')),
      this.error && h('p.trouble', { key: 'error' }, this.error.message),
      line && h('div.picture-body', { key: 'body' },
        h('div.picture-frame', {}, this.image(line)),
        h('div.picture-facts', {},
          h('h2', {}, title(line), ' ', line.state !== 'completed' && chip(line.state)),
          line.error && h('p.trouble', { key: 'failed' }, line.error),
          this.actions(line), request(line), parameters(line), stages(line), failures(this.facts.failures))));
  }

  image(line) {
    if (line.state === 'completed' && line.sha256 && line.file) {
      return h('img', { key: line.sha256, src: pictureURL(this.job, line.item, line.index, line.sha256), alt: title(
          line) });
    }
    if (line.scores) {
      return h('table.scores', { key: 'scores' }, h('tbody', {}, line.scores.map(row =>
        h('tr', {}, row.map(score => h('td', {}, score.toFixed(3)))))));
    }
    return h('div.picture-none', { key: 'none' }, h('span', {}, line.state === 'pending' ? 'Not finished' :
        'No picture'),
      line.state === 'pending' && h('img', {
        src: previewURL(this.job, line.item, line.index),
        alt: 'What it would become as of now',
        onload: event => { event.target.style.opacity = 1; },
        onerror: event => { event.target.style.opacity = 0; }
      }));
  }

  /** The same request, with another seed. Not by a link: what is only followed changes nothing. */
  async again(button, line) {
    const request = { prompt: line.prompt, negative_prompt: line.negative_prompt, size: line.size, ...line
        .parameters };
    const answer = await attempt(button, () => submit([request], { name: line.prompt.slice(0, 200), model: line
        .model }));
    if (answer) {
      go(address(['try', 'render'], { prompt: line.prompt, negative_prompt: line.negative_prompt, job: answer
        .job }));
    }
  }

  actions(line) {
    const from = `${this.job}/${line.item}/${line.index}`;
    const isThere = line.state === 'completed' && line.file;
    const isRender = !line.operation || line.operation.kind === 'render';
    return h('div.row.wrap', { key: 'actions' },
      isThere && h('a.button.primary', { href: address(['try', 'vary'], { picture: from }) }, 'More like this'),
      isThere && h('a.button', { href: address(['try', 'diff'], { picture: from, from: line.prompt }) },
        'Change this'),
      isThere && h('a.button', { href: address(['try', 'edit'], { picture: from, prompt: line.prompt }) },
        'Paint over'),
      isRender && h('button', { type: 'button', onclick: event => this.again(event.currentTarget, line) },
        'Again, another seed'),
      isThere && h('button', {
        type: 'button',
        onclick: event => attempt(event.currentTarget, async () =>
          save(await bytesOf(this.job, line.item, line.index), fileName(line.item, line.index, line.count >
            1, title(line))))
      }, 'Download'),
      h('button', {
        type: 'button',
        onclick: () => navigator.clipboard?.writeText(location.href)
          .then(() => tell('The link is copied.'), () => tell(location.href))
      }, 'Copy link'));
  }
}

/** What a person would call it. */
export function title(line) {
  const operation = line.operation;
  if (operation?.kind === 'diff') return `${operation.from} → ${operation.to}`;
  if (operation?.kind === 'interpolate') {
    const end = side => side.prompt ?? name(side.image);
    return `${end(operation.from)} … ${end(operation.to)}`;
  }
  return line.prompt || `${operation?.kind ?? 'picture'} ${name(operation?.image)}`;
}

const name = file => file?.split('#')[1] ?? 'a picture';

const list = (label, facts) => {
  const told = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return told.length > 0 && h('dl.facts', { key: label, 'aria-label': label }, told.map(([name, value]) =>
    h('div', {}, h('dt', {}, name), h('dd', {}, value))));
};

const request = line => list('Request', [
  ['Kind', line.operation?.kind ?? 'render'], ['Not', line.negative_prompt], ['Seed', String(line.seed)],
  ['Size', line.size && line.size + (line.resampled_from ? `, made as ${line.resampled_from}` : '')],
  ['Line', `${line.line} of its file`], ['Name', line.custom_id],
  ['Model', h('span', { title: line.model_digest }, `${line.model} `, h('code', {}, brief(line.model_digest)))],
  ['Unread', line.cut?.map(cut => `the end of ${cut.field}: “${cut.lost}”`).join('; ')],
  ['SHA-256', line.sha256 && h('code.digest', {}, line.sha256)]]);

const parameters = line => list('Parameters', Object.entries(line.parameters).map(([name, value]) => [name.replaceAll(
  '_', ' '), String(value)]));

const stages = line => line.stages.length > 0 && h('table.stages-table', { key: 'stages' },
  h('caption', {}, 'Stages'),
  h('thead', {}, h('tr', {}, ['Stage', 'Worker', 'Attempts', 'Took'].map(text => h('th', { scope: 'col' }, text)))),
  h('tbody', {}, line.stages.map(stage => h('tr', { key: stage.stage }, h('th', { scope: 'row' }, stageNames[stage
      .stage]),
    h('td', {}, stage.worker ? h('a', { href: workerAddress(stage.worker) }, stage.worker) : '–'),
    h('td', {}, String(stage.attempts)), h('td', {}, stage.seconds === undefined ? '–' : duration(stage.seconds))
    ))));

const failures = list => list?.length > 0 && h('section', { key: 'attempts', 'aria-label': 'Attempts that failed' },
  h('h3', {}, 'Attempts that failed'),
  h('ul.attempts', {}, list.map(failure => h('li', {}, h('span.muted', {},
      `${stageNames[failure.stage]}, attempt ${failure.attempt}, `,
      h('a', { href: workerAddress(failure.worker) }, failure.worker), `, ${exact(failure.at)}: `), failure
    .reason))));

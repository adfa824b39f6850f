// What workers are doing, with the half-made picture where there is one.
import { previewURL } from './api.js';
import { chip, steps } from './bars.js';
import { h } from './dom.js';
import { several, stageNames } from './format.js';
import { jobAddress, pictureAddress, workerAddress } from './route.js';

/** A list of workers; `jobs` have the names of what they work on. */
export function inHand(workers, jobs) {
  if (!workers.length) {
    return h('p.empty', {}, 'No worker is connected. ', h('code', {}, 'atelier up'), ' starts some here; ',
      h('code', {}, 'atelier worker'), ' starts one anywhere.');
  }
  const names = new Map(jobs.map(job => [job.id, job.name]));
  return h('ul.hands', {}, workers.slice(0, 24).map(worker => h('li.hand', { key: worker.id },
    preview(worker),
    h('div.hand-words', {},
      h('div.hand-head', {}, h('a', { href: workerAddress(worker.id) }, worker.id),
        worker.state === 'connected' ? h('span.muted', {}, worker.pool) : chip(worker.state)),
      worker.running.length ? worker.running.slice(0, 3).map(task => doing(task, names)) :
      h('p.muted', {}, worker.held ? `${several(worker.held, 'task')} begin` : 'Waits for work')))));
}

function doing(task, names) {
  return h('div.doing', { key: task.task },
    h('span', {}, task.steps ? `${stageNames[task.stage]} ${task.step}/${task.steps}` :
      `${stageNames[task.stage]} begins`),
    task.steps ? steps(task.step, task.steps) : h('span'),
    h('a.muted', { href: task.item === undefined ? jobAddress(task.job) : pictureAddress(task.job, task.item, task
          .index) },
      names.get(task.job) ?? task.job));
}

/** The picture in a worker's hands: previews are there for what somebody watches, so asking for one begins it. */
function preview(worker) {
  const task = worker.running.find(task => task.item !== undefined && task.stage !== 'embed');
  const place = h('span.hand-picture', { 'aria-hidden': 'true' },
    h('svg', { viewBox: '0 0 24 24' }, h('path', {
      d: worker.pool === 'prior' ? 'M4 6h16v2H4Zm0 5h11v2H4Zm0 5h14v2H4Z' :
        'M3 5h18v14H3Zm2 2v8l4-4 4 4 3-3 3 3V7Z'
    })));
  if (task) {
    place.append(h('img', {
      src: previewURL(task.job, task.item, task.index),
      alt: '',
      onload: event => { event.target.style.opacity = 1; },
      onerror: event => { event.target.style.opacity = 0; }
    }));
  }
  return place;
}

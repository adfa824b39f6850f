// What goes on now: trouble, jobs, pictures as they arrive, and what is in workers' hands.
import { get, pictureURL } from './api.js';
import { chip, stageBars } from './bars.js';
import { fill, h } from './dom.js';
import { ago, count, duration, rate, several } from './format.js';
import { inHand } from './hands.js';
import { follow, replaced } from './live.js';
import { jobAddress, pictureAddress } from './route.js';
import { trouble } from './shell.js';

export const key = () => 'now';

export function open(main) {
  // What is shown; `null` until it was asked for.
  let seen = null,
    frame = 0;
  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (seen) fill(main, h('h1.visually-hidden', {}, 'Now'), page(seen));
    });
  };
  const refresh = async () => {
    try {
      const [jobs, workers, cluster, recent] = await Promise.all([
        get('jobs', { limit: 20 }), get('workers'), get('cluster'), newest(seen)]);
      seen = { jobs, workers, cluster, recent };
      draw();
    } catch (error) {
      seen = null;
      fill(main, h('h1.visually-hidden', {}, 'Now'), trouble(error));
    }
  };
  const end = follow('events', refresh, (name, facts) => {
    if (!seen || name === 'reset') return true;
    if (name === 'cluster') seen.cluster = facts;
    else if (name === 'job') seen.jobs = replaced(seen.jobs, facts);
    else if (name === 'worker') seen.workers = replaced(seen.workers, facts).sort((a, b) => a.id < b.id ? -1 : 1);
    else if (name === 'worker_left') seen.workers = seen.workers.filter(worker => worker.id !== facts.id);
    draw();
    return name === 'pictures';
  });
  return { title: 'Now', close: () => {
    end();
    cancelAnimationFrame(frame);
  } };
}

/** The pictures that were finished last; after a start of the coordinator, which begins to count anew, some of a job. */
async function newest(seen) {
  const recent = await get('recent', { limit: 24 }).catch(() => []);
  if (recent.length) return recent;
  if (seen) return seen.recent;
  const job = (await get('jobs', { limit: 20 })).find(job => job.images.completed);
  return job ? (await get(`jobs/${job.id}/pictures`, { state: 'completed', limit: 24 })).pictures : [];
}

function page({ jobs, workers, cluster, recent }) {
  const active = jobs.filter(job => job.state === 'active' || job.state === 'paused');
  const ended = jobs.filter(job => !active.includes(job));
  return h('div.now', { key: 'now' },
    troubles(cluster, active, workers),
    h('div.now-main', { key: 'main' },
      h('section', { key: 'jobs', 'aria-labelledby': 'jobs' },
        h('header.section', {}, h('h2', { id: 'jobs' }, 'Jobs'), h('span.muted', {}, summary(active))),
        active.length ? h('ul.jobs', {}, active.map(card)) : h('p.empty', {}, 'Nothing is to be made. ',
          h('a', { href: '#/try' }, 'Try a prompt'), ', or submit a file: ', h('code', {},
            'atelier submit prompts.txt'), '.')),
      pictures(recent),
      ended.length > 0 && h('section', { key: 'ended', 'aria-labelledby': 'ended' },
        h('header.section', {}, h('h2', { id: 'ended' }, 'Ended')),
        h('ul.ended', {}, ended.map(line)))),
    h('aside', { key: 'hands', 'aria-labelledby': 'hands' },
      h('header.section', {}, h('h2', { id: 'hands' }, 'In hand'), h('a', { href: '#/workers' }, 'All workers')),
      inHand(workers, jobs)));
}

function summary(active) {
  const pending = active.reduce((sum, job) => sum + job.images.pending, 0);
  const perMinute = active.reduce((sum, job) => sum + (job.pictures_per_minute ?? 0), 0);
  return active.length ? [`${several(pending, 'picture')} to go`, perMinute > 0 && rate(perMinute)].filter(Boolean)
    .join(', ') : '';
}

/** Everything that needs a person, each with what to do. */
function troubles(cluster, jobs, workers) {
  const list = [];
  if (cluster.state !== 'ok') list.push([cluster.message, null]);
  for (const text of cluster.damage.slice(-3)) list.push([text, null]);
  for (const text of cluster.stalled) list.push([`${text}`, '#/workers']);
  if (cluster.expiry_halted) list.push([cluster.expiry_halted, null]);
  for (const worker of workers) {
    if (worker.reason && worker.state !== 'stalled') list.push([`${worker.id}: ${worker.reason}`,
      `#/workers/${worker.id}`]);
  }
  for (const job of jobs) {
    if (job.state === 'paused') continue;
    for (const text of job.waiting_for) list.push([`${job.name}: ${text}`, jobAddress(job.id)]);
    if (job.images.failed) {
      list.push([
        `${job.name}: ${several(job.images.failed, 'picture')} failed. The job's page says why, and tries them again.`,
        jobAddress(job.id, { state: 'failed' })]);
    }
  }
  const seen = new Set();
  const told = list.filter(([text]) => text && !seen.has(text) && seen.add(text));
  return told.length > 0 && h('section.trouble', { key: 'trouble', 'aria-labelledby': 'trouble' },
    h('h2', { id: 'trouble' }, 'Needs somebody'),
    h('ul', {}, told.slice(0, 8).map(([text, link]) => h('li', {}, text, ' ', link && h('a', { href: link },
      'Look')))));
}

function card(job) {
  const done = job.images.total - job.images.pending;
  return h('li.job', { key: job.id },
    h('div.job-head', {},
      h('a.job-name', { href: jobAddress(job.id) }, job.name), job.state === 'paused' && chip(job.state),
      h('span.job-facts', {},
        h('strong', {}, count(done)), ` of ${count(job.images.total)}`,
        job.images.failed > 0 && h('span.failed-text', {}, ` · ${count(job.images.failed)} failed`))),
    stageBars(job),
    h('p.job-foot', {},
      [rate(job.pictures_per_minute), job.seconds_left !== undefined && `${duration(job.seconds_left)} left`, job.model,
        job.owner !== 'local' && job.owner, job.priority !== 0 && `priority ${job.priority}`, ago(job.created_at)]
      .filter(Boolean).join(' · ')));
}

function line(job) {
  return h('li', { key: job.id },
    h('a', { href: jobAddress(job.id) }, job.name), chip(job.state),
    h('span.muted', {}, several(job.images.completed, 'picture'),
      job.images.failed > 0 && h('span.failed-text', {}, ` · ${count(job.images.failed)} failed`)),
    h('span.muted.when', {}, ago(job.finished_at ?? job.created_at)));
}

/** The newest pictures of all jobs. */
function pictures(recent) {
  return recent.length > 0 && h('section', { key: 'recent', 'aria-labelledby': 'recent' },
    h('header.section', {}, h('h2', { id: 'recent' }, 'Just finished')),
    h('ul.recent', {}, recent.slice(0, 24).map(picture => h(
      'li', { key: `${picture.job}/${picture.item}/${picture.index}` },
      h('a', { href: pictureAddress(picture.job, picture.item, picture.index), title: picture.title || null },
        h('img', {
          src: pictureURL(picture.job, picture.item, picture.index, picture.sha256),
          alt: picture.title || 'A picture',
          loading: 'lazy',
          decoding: 'async'
        }))))));
}

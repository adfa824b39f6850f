// Workers: what each is, does and has done; and how fast all of them are together.
import { get, post } from './api.js';
import { chip, steps } from './bars.js';
import { fill, h } from './dom.js';
import { brief, count, duration, rate, several, stageNames } from './format.js';
import { follow, replaced } from './live.js';
import { area, sparkline } from './plot.js';
import { jobAddress, pictureAddress, workerAddress } from './route.js';
import { attempt, confirm, trouble } from './shell.js';

export const key = () => 'workers';

export function open(main, parts) {
  let chosen = parts[1],
    facts = null,
    seen = null;
  const refresh = async () => {
    try {
      const [workers, history] = await Promise.all([get('workers'), get('history').catch(() => null)]);
      facts = chosen ? await get(`explain/${encodeURIComponent(chosen)}`).catch(() => null) : null;
      seen = { workers, history };
      draw();
    } catch (error) {
      seen = null;
      fill(main, h('h1', {}, 'Workers'), trouble(error));
    }
  };
  let frame = 0;
  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (seen) fill(main, page(seen.workers, seen.history, chosen, facts, refresh));
    });
  };
  const end = follow('events', refresh, (name, facts) => {
    if (!seen) return true;
    if (name === 'worker') seen.workers = replaced(seen.workers, facts).sort((a, b) => a.id < b.id ? -1 : 1);
    else if (name === 'worker_left') seen.workers = seen.workers.filter(worker => worker.id !== facts.id);
    else return false;
    draw();
    return false;
  });
  return {
    title: 'Workers',
    close: () => {
      end();
      cancelAnimationFrame(frame);
    },
    change: parts => {
      chosen = parts[1];
      facts = null;
      draw();
      refresh();
    }
  };
}

function page(workers, history, chosen, facts, refresh) {
  const shown = chosen ? workers.filter(worker => worker.id === chosen) : workers;
  return h('div.workers', { key: 'workers' },
    h('div.workers-head', {}, chosen ? h('nav.crumb', { 'aria-label': 'Where you are' }, h(
      'a', { href: '#/workers' }, 'Workers'), ' / ') : null,
      h('h1', {}, chosen ?? 'Workers'), !chosen && h('span.muted', {}, several(workers.length, 'worker'))),
    !chosen && history && plots(history),
    facts && h('section.notice', { key: 'facts', 'aria-label': 'Why it is so' }, h('p', {}, h('strong', {}, facts
        .sentence)),
      h('ul', {}, facts.facts.map(text => h('li', {}, text)))),
    shown.length ? h('ul.worker-list', { key: 'list' }, shown.map(worker => card(worker, history, refresh))) :
    h('p.empty', { key: 'none' }, chosen ? 'No such worker is connected. ' : 'No worker is connected. ',
      h('code', {}, 'atelier worker --pool decoder --model DIR --connect ADDRESS'), ' starts one.'));
}

/** Pictures a minute, and what waits, over the last hour. */
function plots(history) {
  const samples = history.samples;
  const aMinute = Math.round(60 / history.seconds);
  const pictures = samples.map((sample, index) => {
    const last = samples.slice(Math.max(0, index - aMinute + 1), index + 1);
    return [sample.at, last.reduce((sum, one) => sum + one.pictures, 0) * aMinute / last.length];
  });
  const waiting = samples.map(sample => [sample.at, sample.waiting + sample.running]);
  return h('div.plots', { key: 'plots' },
    area('Pictures a minute', pictures, value => rate(value) || '0/min'), area('Tasks in the queue', waiting, count));
}

function card(worker, history, refresh) {
  const times = (history?.workers ?? []).filter(sample => sample.worker === worker.id);
  const stages = [...new Set(times.map(sample => sample.stage))];
  const isHere = worker.state !== 'missing';
  return h('li.worker', { key: worker.id },
    h('div.worker-head', {}, h('h2', {}, h('a', { href: workerAddress(worker.id) }, worker.id)), chip(worker.state),
      h('span.row.worker-ways', {},
        isHere && worker.state !== 'draining' && h('button', { type: 'button', onclick: event => drain(event
            .currentTarget, worker, refresh) }, 'Drain'),
        (worker.state === 'quarantined' || worker.state === 'stalled') && h('button', { type: 'button',
          onclick: event => again(event.currentTarget, worker) }, 'Make its pictures again'))),
    worker.reason && h('p.trouble', { key: 'reason' }, worker.reason, worker.state === 'quarantined' &&
      ' It is tried with one task now and then, and comes back once that succeeds.'),
    h('dl.worker-facts', {}, [
      ['Pool', worker.pool], ['Host', worker.host && `${worker.host} (process ${worker.process_id})`], ['Threads',
          isHere && count(worker.threads)],
      ['Holds', `${worker.held} of ${worker.capacity} tasks`], ['Done', count(worker.completed)],
      worker.failed > 0 && ['Failed', h('span.failed-text', {}, count(worker.failed))],
      ['Heard', `${duration(worker.seconds_since_heard)} ago`], ['Version', worker.version],
      ['Models', worker.models.map(model => h('span', { title: model.digest }, `${model.name} `, h('code', {}, brief(
          model.digest)), ' '))]]
      .filter(fact => fact && fact[1]).map(([name, value]) => h('div', { key: name }, h('dt', {}, name), h('dd', {},
        value)))),
    worker.running.length > 0 && h('ul.leases', { key: 'leases', 'aria-label': 'In its hands' }, worker.running.map(
      task => h('li', { key: task.task },
        h('span', {}, `${stageNames[task.stage]} ${task.step}/${task.steps}`), steps(task.step, task.steps),
        h('a', { href: task.item === undefined ? jobAddress(task.job) : pictureAddress(task.job, task.item, task
            .index) }, task.job)))),
    stages.length > 0 && h('div.speeds', { key: 'speeds' }, stages.map(stage => {
      const points = times.filter(sample => sample.stage === stage).map(sample => [sample.at, sample
        .seconds_a_step]);
      return sparkline(`${stageNames[stage]}, a step`, points, duration);
    })));
}

async function drain(button, worker, refresh) {
  if (!await confirm(`Let ${worker.id} leave?`, 'It finishes what it holds and takes nothing new.', 'Drain')) return;
  await attempt(button, () => post(`workers/${encodeURIComponent(worker.id)}/drain`),
    `${worker.id} leaves when it has finished.`);
  await refresh();
}

async function again(button, worker) {
  if (!await confirm(`Make pictures of ${worker.id} again?`,
      'All that it had a part in since a result of it was last the same as another’s is made anew.', 'Make again'))
    return;
  await attempt(button, async () => {
    let all = 0,
      answer;
    do { answer = await post(`workers/${encodeURIComponent(worker.id)}/retry`);
      all += answer.images ?? 0; } while (answer.more);
    return all;
  }, 'They are made again.');
}

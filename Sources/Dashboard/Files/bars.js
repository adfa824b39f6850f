// How far something is: bars of stages, chips of states.
import { h } from './dom.js';
import { count, stageNames, stateNames } from './format.js';

/** A word with a colour. */
export const chip = state => h('span.chip', { class: 'is-' + state }, stateNames[state] ?? state);

/** A bar of coloured parts; `label` says the same in words. */
export function bar(label, total, parts) {
  const of = number => `${total > 0 ? Math.min(100, number / total * 100) : 0}%`;
  return h('span.bar', { role: 'img', 'aria-label': label },
    parts.filter(([, number]) => number > 0).map(([name, number]) => h('span', { class: name, style: { width: of(
          number) } })));
}

/** A bar for each stage of a job. */
export function stageBars(job) {
  const total = job.images.total;
  return h('div.stages', {}, job.stages.map(stage => {
    const label = `${stageNames[stage.stage]}: ${count(stage.done)} of ${count(total)} done` +
      (stage.running ? `, ${count(stage.running)} in hand` : '') + (stage.failed ?
        `, ${count(stage.failed)} failed` : '');
    return h('div.stage', { key: stage.stage, title: label },
      h('span.stage-name', { 'aria-hidden': 'true' }, stageNames[stage.stage]),
      bar(label, total, [['done', stage.done], ['failed', stage.failed], ['running', stage.running]]),
      h('span.stage-count', { 'aria-hidden': 'true' }, count(stage.done)));
  }));
}

/** A thin bar of steps. */
export const steps = (step, all) => bar(`step ${step} of ${all}`, all, [['running', step]]);

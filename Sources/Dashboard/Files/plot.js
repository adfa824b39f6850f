// Small plots of values over time, as SVG, with the same in words.
import { h } from './dom.js';
import { clock } from './format.js';

const width = 600;

/** Points `[time, value]` as coordinates, and the range that they span. */
function placed(points, height) {
  const times = points.map(([time]) => new Date(time).getTime());
  const most = Math.max(...points.map(([, value]) => value), 1e-9);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = time => last > first ? (time - first) / (last - first) * width : width;
  return { most, list: points.map(([, value], index) => [x(times[index]), height - value / most * (height - 4) - 1]) };
}

const line = list => list.map(([x, y], index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

/** A plot with its name, its newest value and a scale. */
export function area(name, points, words) {
  const height = 120;
  if (points.length < 2) {
    return h('figure.plot', { key: name }, h('figcaption', {}, h('span', {}, name)), h('p.muted', {},
      'It begins in a moment.'));
  }
  const { most, list } = placed(points, height);
  const newest = points.at(-1)[1];
  const label =
    `${name}: ${words(newest)} now, ${words(most)} at most, from ${clock(points[0][0])} to ${clock(points.at(-1)[0])}`;
  return h('figure.plot', { key: name },
    h('figcaption', {}, h('span', {}, name), h('strong', {}, words(newest)), h('span.muted', {},
      `most ${words(most)}`)),
    h('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      [0.25, 0.5, 0.75].map(part => h('line', { class: 'rule', x1: 0, x2: width, y1: height * part, y2: height *
        part })),
      h('path', { class: 'area', d: `${line(list)}L${width} ${height}L${list[0][0].toFixed(1)} ${height}Z` }),
      h('path', { class: 'curve', d: line(list) })),
    h('div.plot-times', { 'aria-hidden': 'true' }, h('span', {}, clock(points[0][0])), h('span', {}, clock(points.at(
      -1)[0]))));
}

/** A line without a scale. */
export function sparkline(name, points, words) {
  const height = 36;
  const { most, list } = placed(points, height);
  const newest = points.at(-1)[1];
  return h('figure.spark', { key: name }, h('figcaption', {}, h('span', {}, name), h('strong', {}, words(newest))),
    h('svg', {
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `${name}: ${words(newest)} now, ${words(most)} at most`
    }, h('path', { class: 'curve', d: line(list.length > 1 ? list : [[0, list[0][1]], ...list]) })));
}

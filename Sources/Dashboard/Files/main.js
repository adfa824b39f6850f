// The page: which part of it is shown, and what stands around it.
import * as now from './now.js';
import * as job from './job.js';
import * as trying from './try.js';
import * as workers from './workers.js';
import { current } from './route.js';
import { begin } from './shell.js';

const pages = { '': now, jobs: job, try: trying, workers };
const main = document.getElementById('main');
let shown = null;

/** A page's `open(main, parts, values)` gives `{key, change, close, title}`: as long as the key stays, only `change` is
 *  called with a new address. */
function show() {
  const { parts, values } = current();
  const page = pages[parts[0] ?? ''] ?? now;
  const key = page.key(parts);
  if (shown?.key === key) {
    shown.change?.(parts, values);
  } else {
    const isFirst = !shown;
    shown?.close();
    main.replaceChildren();
    shown = { key, ...page.open(main, parts, values) };
    window.scrollTo(0, 0);
    // A screen reader is told where it is; at first it reads the page anyway.
    if (!isFirst) main.focus({ preventScroll: true });
  }
  document.title = shown.title ? `${shown.title} · Atelier` : 'Atelier';
  for (const link of document.querySelectorAll('#pages a')) {
    const isHere = link.dataset.page === (page === now || page === job ? 'now' : page === trying ? 'try' : 'workers');
    if (isHere) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
begin();
window.addEventListener('hashchange', show);
show();

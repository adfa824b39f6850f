// What stands around every page: how the cluster is, light or dark, short messages, questions.
import { get } from './api.js';
import { fill, h } from './dom.js';
import { follow } from './live.js';

/** What was last known of the cluster: `state`, `message`, `damage`, ... */
export let cluster = null;

export function begin() {
  theme();
  follow(null, async () => {
    const health = document.getElementById('health');
    try {
      cluster = await get('cluster');
      const isWell = cluster.state === 'ok';
      fill(health, h('span.dot', { class: isWell ? 'good' : 'bad' }),
        h('span.health-words', {}, isWell ?
          `${cluster.workers_connected} worker${cluster.workers_connected === 1 ? '' : 's'}` :
          cluster.state.replace('_', ' ')));
    } catch (error) {
      fill(health, h('span.dot.bad'), h('span.health-words', {}, error.status === 401 ? 'logged out' :
        'no answer'));
    }
  });
}

const icons = {
  auto: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 2v14a7 7 0 0 1 0-14Z',
  light: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM11 1h2v3h-2ZM11 20h2v3h-2ZM1 11h3v2H1ZM20 11h3v2h-3Z',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
};

/** Light, dark, or as the system is; remembered by the browser. */
function theme() {
  const button = document.getElementById('theme');
  const set = name => {
    if (name === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    button.setAttribute('aria-label', `Colours: ${name === 'auto' ? 'as the system' : name}`);
    button.title = button.getAttribute('aria-label');
    fill(button, h('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, h('path', { d: icons[name] })));
    button.dataset.name = name;
    try { localStorage.setItem('atelier.theme', name); } catch { /* It is forgotten, then. */ }
  };
  let kept = 'auto';
  try { kept = localStorage.getItem('atelier.theme') ?? 'auto'; } catch { /* As above. */ }
  set(kept in icons ? kept : 'auto');
  button.onclick = () => set({ auto: 'light', light: 'dark', dark: 'auto' } [button.dataset.name]);
}

let forget = 0;
/** Says something in passing. */
export function tell(text, isBad = false) {
  clearTimeout(forget);
  const place = document.getElementById('told');
  fill(place, h('p', { class: isBad ? 'bad' : '' }, text));
  forget = setTimeout(() => fill(place), isBad ? 12000 : 5000);
}

/** Does something that may be refused, and says so. `button` waits meanwhile. */
export async function attempt(button, body, done) {
  if (button) button.disabled = true;
  try {
    const result = await body();
    if (done) tell(done);
    return result;
  } catch (error) {
    tell(error.message, true);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

/** Asks before something that cannot be undone. */
export function confirm(question, details, verb) {
  return new Promise(resolve => {
    const dialog = h('dialog.question', { 'aria-labelledby': 'question' },
      h('form', { method: 'dialog' },
        h('h2', { id: 'question' }, question), h('p', {}, details),
        h('div.row.end', {},
          h('button', { value: '', autofocus: true }, 'Not now'), h('button.danger', { value: 'yes' }, verb))));
    document.body.append(dialog);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

/** What a page says when its question was refused. */
export function trouble(error) {
  return h('section.trouble', { key: 'trouble', 'aria-label': 'Trouble' },
    h('p', {}, h('strong', {}, error.status === 401 ? 'Who are you? ' : error.status === 404 ? 'Not here. ' :
        'Trouble. '),
      error.message));
}

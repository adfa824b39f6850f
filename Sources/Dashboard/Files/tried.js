// What was tried from this browser, which alone remembers it; the jobs are the coordinator's.
import { fill, h } from './dom.js';
import { ago } from './format.js';
import { kindNames } from './forms.js';
import { address } from './route.js';

const store = 'atelier.tried',
  most = 60;

export class Tried {
  constructor(place) {
    this.place = place;
    try { this.list = JSON.parse(localStorage.getItem(store)) ?? []; } catch { this.list = []; }
  }

  add(entry) {
    this.list = [entry, ...this.list].slice(0, most);
    this.keep();
  }

  keep() {
    try { localStorage.setItem(store, JSON.stringify(this
      .list)); } catch { /* It is forgotten when the page goes. */ }
  }

  draw(shown) {
    this.shown = shown;
    this.place.hidden = !this.list.length;
    fill(this.place, this.list.length > 0 && [
      h('header.section', {}, h('h2', { id: 'tried' }, 'Tried before'),
        h('button.quiet', { type: 'button', onclick: () => {
          this.list = [];
          this.keep();
          this.draw(this.shown);
        } }, 'Forget')),
      h('ul.tried-list', {}, this.list.map(entry => h('li', { key: entry.job },
        h('a', { href: address(['try', entry.kind], { job: entry.job }), 'aria-current': entry.job ===
              shown ? 'true' : false },
          h('span.tried-words', {}, entry.words || kindNames[entry.kind]), h('span.muted', {},
            `${kindNames[entry.kind]} · ${ago(entry.at)}`)))))]);
  }
}

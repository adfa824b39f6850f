// Tries things: a form a kind of request, and what comes of it. A request is a job of one line, so that all that holds
// for jobs holds for it.
import { get, submit } from './api.js';
import { fill, h } from './dom.js';
import { forms, kindNames } from './forms.js';
import { address, go } from './route.js';
import { Results } from './results.js';
import { attempt } from './shell.js';
import { Tried } from './tried.js';

export const key = () => 'try';

export function open(main, parts, values) {
  const page = new TryPage(main);
  page.change(parts, values);
  return { title: 'Try', change: (parts, values) => page.change(parts, values), close: () => page.close() };
}

class TryPage {
  constructor(main) {
    this.tabs = h('nav.tabs', { 'aria-label': 'Kinds of requests' });
    this.formPlace = h('div.try-form');
    this.resultPlace = h('section.try-result', { 'aria-label': 'Result' });
    this.triedPlace = h('section.tried', { 'aria-labelledby': 'tried' });
    this.columns = h('div.try', {}, this.formPlace, h('div.try-side', {}, this.resultPlace, this.triedPlace));
    main.append(h('h1.visually-hidden', {}, 'Try'), this.tabs,
      this.columns);
    this.tried = new Tried(this.triedPlace);
    this.models = get('models').catch(() => []);
    this.results = new Results(this.resultPlace);
  }

  change(parts, values) {
    const kind = forms[parts[1]] ? parts[1] : 'render';
    fill(this.tabs, Object.entries(kindNames).map(([name, words]) => h('a', {
      key: name,
      href: address(['try', name]),
      'aria-current': name === kind ? 'page' : false
    }, words)));
    const given = Object.fromEntries(values);
    const { job, ...fields } = given;
    const mark = JSON.stringify([kind, fields]);
    if (mark !== this.mark) {
      this.mark = mark;
      this.form = null;
      const form = new forms[kind](fields, this.models);
      this.form = form;
      form.element.onsubmit = event => {
        event.preventDefault();
        this.begin(kind, form);
      };
      this.formPlace.replaceChildren(form.element);
    }
    this.tried.draw(job);
    this.columns.classList.toggle('has-result', Boolean(job));
    this.results.show(job);
  }

  async begin(kind, form) {
    const button = form.element.querySelector('[type=submit]');
    const answer = await attempt(button, async () => {
      const line = await form.line();
      return submit([line], { name: form.words().slice(0, 200), model: form.model() });
    });
    if (!answer) return;
    this.tried.add({ job: answer.job, kind, words: form.words(), at: Date.now() });
    go(address(['try', kind], { ...form.given, job: answer.job }));
    // On a narrow window the result stands above the form.
    window.scrollTo({ top: 0 });
  }

  close() { this.results.close(); }
}

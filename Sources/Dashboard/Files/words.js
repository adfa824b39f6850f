// A text that is going to a model: words that the model never saw are marked while one types, and what it will not read.
import { get } from './api.js';
import { fill, h } from './dom.js';
import { field } from './fields.js';

let last = 0;

export class Words {
  /** `model` gives the name of the model that is asked, or nothing for the cluster's. */
  constructor(label, name, value, model, attributes = {}) {
    this.model = model;
    const id = `${name}-text-${last += 1}`;
    this.input = h('textarea', { id, name, maxlength: 16000, spellcheck: false, 'aria-describedby': id + '-note', ...
      attributes });
    this.input.value = value;
    this.mirror = h('div.mirror', { 'aria-hidden': 'true' });
    this.note = h('p.hint', { id: id + '-note', 'aria-live': 'polite' });
    this.element = field(label, h('div.words', { id: id + '-box' }, this.mirror, this.input));
    this.element.querySelector('label').setAttribute('for', id);
    this.element.append(this.note);
    this.input.addEventListener('input', () => this.changed());
    this.input.addEventListener('scroll', () => { this.mirror.scrollTop = this.input.scrollTop; });
    if (value) this.changed();
  }

  value() { return this.input.value.trim(); }

  changed() {
    this.mark();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), 350);
  }

  async look() {
    const text = this.value();
    if (!text) {
      this.told = null;
      this.mark(); return;
    }
    try {
      const told = await get('words', { text, model: this.model() });
      if (text === this.value()) this.told = told;
    } catch {
      // A coordinator that cannot tell marks nothing.
      this.told = null;
    }
    this.mark();
  }

  mark() {
    const unknown = new Set(this.told?.unknown ?? []);
    const parts = this.input.value.split(/([^\p{L}\p{N}'-]+)/u);
    fill(this.mirror, parts.map(part => unknown.has(part.toLowerCase()) ? h('mark', {}, part) : part), '\u200b');
    const notes = [];
    if (unknown.size) notes.push(
      `The model does not know: ${[...unknown].join(', ')}. `
        + `It will make something else of ${unknown.size === 1 ? 'it' : 'them'}.`
      );
    if (this.told?.lost) notes.push(`The model does not read the end: “${this.told.lost}”.`);
    fill(this.note, notes.join(' '));
  }
}

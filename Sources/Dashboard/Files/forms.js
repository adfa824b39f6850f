// The form of each kind of request. A form knows its element, the line of a prompt file that it stands for, and what it
// was given by the address.
import { h } from './dom.js';
import { choice, flag, number, Options } from './fields.js';
import { Painter } from './mask.js';
import { Source } from './source.js';
import { Words } from './words.js';

export const kindNames = { render: 'Prompt', vary: 'Variations', interpolate: 'Between', diff: 'Change',
  edit: 'Paint over' };

class Form {
  /** `given` are the values of the address, `models` a promise of the models that can be asked. */
  constructor(given, models) {
    this.given = given;
    this.options = new Options(given, models);
    this.element = h('form.form', { 'aria-label': kindNames[this.constructor.kind] },
      h('p.form-about', {}, this.constructor.about), this.fields(given), this.options.element,
      h('div.row.end', {}, h('button.primary', { type: 'submit' }, this.constructor.verb)));
    this.element.addEventListener('keydown', event => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
    });
  }

  model() { return this.options.model(); }

  /** A text with marks at words that the model does not know. */
  text(label, name, given, attributes) { return new Words(label, name, given[name] ?? '', () => this.model(),
      attributes); }
}

class RenderForm extends Form {
  static kind = 'render';
  static verb = 'Make it';
  static about = 'Describe a picture.';
  fields(given) {
    this.prompt = this.text('Prompt', 'prompt', given, { required: true, rows: 3,
      placeholder: 'a red apple on a blue background' });
    this.not = this.text('Not in it', 'negative_prompt', given, { rows: 1 });
    this.n = number('Pictures', 'n', given.n ?? 4, { min: 1, max: 16 });
    this.seed = number('Seed', 'seed', given.seed, { min: 0, placeholder: 'random' });
    return [this.prompt.element, this.not.element, h('div.form-row', {}, this.n.element, this.seed.element)];
  }
  words() { return this.prompt.value(); }
  line() {
    return { prompt: this.prompt.value(), negative_prompt: this.not.value() || undefined, n: this.n.value(),
      seed: this.seed.value(), ...this.options.values() };
  }
}

class VaryForm extends Form {
  static kind = 'vary';
  static verb = 'Vary it';
  static about = 'More pictures like one: the same things and style, placed and drawn anew.';
  fields(given) {
    this.source = new Source('Picture', given.picture);
    this.n = number('Variations', 'n', given.n ?? 4, { min: 1, max: 16 });
    this.seed = number('Seed', 'seed', given.seed, { min: 0, placeholder: 'random' });
    this.invert = flag('Keep its layout', 'invert', given.invert);
    return [this.source.element, h('div.form-row', {}, this.n.element, this.seed.element), this.invert.element];
  }
  words() { return `Like ${this.source.words()}`; }
  async line() {
    return { kind: 'vary', image: await this.source.file(), invert: this.invert.value() || undefined, n: this.n
        .value(), seed: this.seed.value(), ...this.options.values() };
  }
}

/** A prompt or a picture, at one end of an interpolation. */
class End {
  constructor(form, label, name, given) {
    this.source = new Source('Picture', given[`${name}_picture`]);
    this.prompt = form.text('Prompt', name, given, { rows: 2 });
    this.choice = choice(`${label} is`, `${name}_is`, given[`${name}_picture`] ? 'picture' : 'prompt', [['prompt',
        'a prompt'], ['picture', 'a picture']],
      () => this.shown());
    this.element = h('fieldset.way-end', {}, h('legend', {}, label), this.choice.element, this.prompt.element, this
      .source.element);
    this.shown();
  }
  shown() {
    const isPicture = this.choice.value() === 'picture';
    this.prompt.element.hidden = isPicture;
    this.source.element.hidden = !isPicture;
  }
  words() { return this.choice.value() === 'picture' ? this.source.words() : this.prompt.value(); }
  async end() { return this.choice.value() === 'picture' ? { image: await this.source.file() } : { prompt: this.prompt
        .value() }; }
}

class InterpolateForm extends Form {
  static kind = 'interpolate';
  static verb = 'Walk between';
  static about = 'A walk from one prompt or picture to another, as a filmstrip.';
  fields(given) {
    this.from = new End(this, 'One end', 'from', given);
    this.to = new End(this, 'The other', 'to', given);
    this.n = number('Pictures', 'n', given.n ?? 7, { min: 2, max: 32 });
    this.seed = number('Seed', 'seed', given.seed, { min: 0, placeholder: 'random' });
    return [this.from.element, this.to.element, h('div.form-row', {}, this.n.element, this.seed.element)];
  }
  words() { return `${this.from.words()} … ${this.to.words()}`; }
  async line() {
    return { kind: 'interpolate', from: await this.from.end(), to: await this.to.end(), n: this.n.value(), seed: this
        .seed.value(), ...this.options.values() };
  }
}

class DiffForm extends Form {
  static kind = 'diff';
  static verb = 'Change it';
  static about = 'Says what a picture shows and what it shall show instead; a slider then goes over the strengths.';
  fields(given) {
    this.source = new Source('Picture', given.picture);
    this.from = this.text('It shows', 'from', given, { required: true, rows: 2,
      placeholder: 'a red apple on a blue background' });
    this.to = this.text('It shall show', 'to', given, { required: true, rows: 2,
      placeholder: 'a red apple on a green background' });
    this.most = number('Strongest', 'most', given.most ?? 0.5, { min: 0.05, max: 1, step: 0.05 });
    this.n = number('Strengths', 'strengths', given.strengths ?? 6, { min: 2, max: 20 });
    this.seed = number('Seed', 'seed', given.seed, { min: 0, placeholder: 'random' });
    return [this.source.element, this.from.element, this.to.element, h('div.form-row', {}, this.most.element, this.n
      .element, this.seed.element)];
  }
  words() { return `${this.from.value()} → ${this.to.value()}`; }
  async line() {
    const count = this.n.value();
    const strengths = Array.from({ length: count }, (_, index) => Number((this.most.value() * index / (count - 1))
      .toFixed(4)));
    return { kind: 'diff', image: await this.source.file(), from: this.from.value(), to: this.to.value(), strengths,
      seed: this.seed.value(), ...this.options.values() };
  }
}

class EditForm extends Form {
  static kind = 'edit';
  static verb = 'Make it anew';
  static about = 'Paint over what shall become something else, and say what the whole picture shows then.';
  fields(given) {
    this.painter = new Painter();
    this.source = new Source('Picture', given.picture, blob => this.painter.show(blob));
    this.prompt = this.text('Prompt', 'prompt', given, { required: true, rows: 2,
      placeholder: 'a pizza on a blue background' });
    this.n = number('Pictures', 'n', given.n ?? 2, { min: 1, max: 16 });
    this.seed = number('Seed', 'seed', given.seed, { min: 0, placeholder: 'random' });
    return [this.source.element, this.painter.element, this.prompt.element, h('div.form-row', {}, this.n.element,
      this.seed.element)];
  }
  words() { return this.prompt.value(); }
  async line() {
    return { kind: 'edit', image: await this.source.file(), mask: await this.painter.file(), prompt: this.prompt
        .value(), n: this.n.value(), seed: this.seed.value(), ...this.options.values() };
  }
}

export const forms = { render: RenderForm, vary: VaryForm, interpolate: InterpolateForm, diff: DiffForm,
  edit: EditForm };

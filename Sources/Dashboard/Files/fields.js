// Fields of forms, each with its label.
import { fill, h } from './dom.js';

let last = 0;
const newID = name => `${name}-${last += 1}`;

/** A label above a control. */
export function field(label, control, hint) {
  return h('div.field', {}, h('label', { for: control.id }, label), control, hint && h('p.hint', { id: control.id +
      '-hint' }, hint));
}

/** A number that may be left out. Long seeds stay as they are typed. */
export function number(label, name, value, attributes = {}) {
  const control = h('input', { id: newID(name), name, type: 'number', inputmode: 'decimal', value: value ?? '',
    step: 1, ...attributes });
  return { element: field(label, control), value: () => control.value === '' ? undefined : Number(control.value) };
}

export function flag(label, name, value) {
  const control = h('input', { id: newID(name), name, type: 'checkbox', checked: value === 'true' || value === true });
  return { element: h('div.field.flag', {}, control, h('label', { for: control.id }, label)), value: () => control
      .checked };
}

/** One of several, as buttons side by side. */
export function choice(label, name, value, all, changed) {
  const group = newID(name);
  const element = h('div.choice', { role: 'radiogroup', 'aria-label': label }, all.map(([key, words]) => h('label', {},
    h('input', { type: 'radio', name: group, value: key, checked: key === value, onchange: changed }), h(
    'span', {}, words))));
  return { element, value: () => element.querySelector(':checked')?.value };
}

const parameters = [
  ['prior_steps', 'Prior steps', 2], ['decoder_steps', 'Decoder steps', 2], ['super_res_steps', 'Upsampler steps', 2],
  ['prior_guidance', 'Prior guidance', 0], ['decoder_guidance', 'Decoder guidance', 0],
];

/** Model, sampler, steps and scales: what most leave as the model recommends it. */
export class Options {
  constructor(given, models) {
    this.numbers = parameters.map(([name, label, least]) => [name, number(label, name, given[name], { min: least,
      step: name.endsWith('steps') ? 1 : 'any', placeholder: 'model’s' })]);
    this.sampler = h('select', { id: newID('sampler'), name: 'sampler' },
      [['', 'the model’s'], ['ddpm', 'ddpm'], ['ddim', 'ddim'], ['dpm-solver', 'dpm-solver']]
      .map(([value, words]) => h('option', { value, selected: value === (given.sampler ?? '') }, words)));
    this.models = h('select', { id: newID('model'), name: 'model' }, h('option', { value: given.model ?? '' }, given
      .model ?? 'the cluster’s'));
    this.element = h('details.more', { open: parameters.some(([name]) => given[name]) }, h('summary', {}, 'Options'),
      h('div.more-fields', {}, field('Model', this.models), field('Sampler', this.sampler), this.numbers.map(([,
        entry]) => entry.element)));
    models.then(list => fill(this.models, h('option', { value: '' }, 'the cluster’s'),
      list.map(model => h('option', { value: model.name, selected: model.name === given.model }, model.name))));
  }

  model() { return this.models.value || undefined; }

  values() {
    const values = Object.fromEntries(this.numbers.map(([name, entry]) => [name, entry.value()]));
    return { ...values, sampler: this.sampler.value || undefined };
  }
}

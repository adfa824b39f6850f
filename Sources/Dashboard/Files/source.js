// A picture that a request begins with: one of a job, a file of this machine, dropped or pasted.
import { get, picture, pictureURL, upload } from './api.js';
import { fill, h } from './dom.js';
import { tell } from './shell.js';

let last = 0;

export class Source {
  /** `given` is `JOB/ITEM/INDEX` or nothing; `chosen` is told of the bytes. */
  constructor(label, given, chosen = () => {}) {
    this.chosen = chosen;
    const id = `source-${last += 1}`;
    this.input = h('input.visually-hidden', {
      id,
      type: 'file',
      accept: 'image/png,image/jpeg,image/webp,image/gif',
      onchange: () => this.input.files[0] && this.take(this.input.files[0], this.input.files[0].name)
    });
    this.shown = h('div.source-shown');
    this.recent = h('div.source-recent');
    this.element = h('div.field.source', {}, h('span.label', {}, label),
      h('div.source-box', {}, this.shown, h('div.source-ways', {}, this.input, h('label.button', { for: id },
        'Choose a file'), this.recent)));
    this.element.addEventListener('dragover', event => event.preventDefault());
    this.element.addEventListener('drop', event => {
      event.preventDefault();
      const file = event.dataTransfer.files[0];
      if (file) this.take(file, file.name);
    });
    if (given) this.takeFrom(given);
    else this.draw();
    get('recent').then(list => this.offer(list), () => {});
  }

  /** Pictures of the cluster to choose from. */
  offer(list) {
    fill(this.recent, list.slice(0, 6).map(line => h('button.source-one', {
        type: 'button',
        title: line.title,
        'aria-label': `Take the picture “${line.title}”`,
        onclick: () => this.takeFrom(`${line.job}/${line.item}/${line.index}`, line.title)
      },
      h('img', { src: pictureURL(line.job, line.item, line.index, line.sha256), alt: '' }))));
  }

  async takeFrom(given, title) {
    const [job, item, index] = given.split('/');
    try {
      const blob = await picture(job, item, index);
      if (!title) title = (await get(`jobs/${job}/pictures/${item}/${index}/details`).catch(() => null))?.line
      .prompt;
      this.take(blob, `${job}-${item}-${index}.png`, title);
    } catch (error) {
      tell(error.message, true);
      this.draw();
    }
  }

  take(blob, name, title) {
    Object.assign(this, { blob, name, title });
    this.draw();
    this.chosen(blob);
  }

  draw() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = this.blob && URL.createObjectURL(this.blob);
    fill(this.shown, this.blob ? h('img', { src: this.url, alt: this.words() }) :
      h('p.muted', {}, 'Drop a picture here, choose a file, or one of the newest:'));
  }

  words() { return this.title || this.name || 'a picture'; }

  /** What the request calls it, once the coordinator has it. */
  async file() {
    if (!this.blob) throw new Error('Choose a picture first.');
    return upload(this.blob, this.name.replace(/[^\w.-]+/g, '-').slice(0, 100));
  }
}

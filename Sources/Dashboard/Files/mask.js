// Paints a mask over a picture: with a pointer, a finger, or the keyboard (arrows move the brush, space paints). What is
// painted is made anew.
import { upload } from './api.js';
import { h } from './dom.js';

export class Painter {
  constructor() {
    this.mask = document.createElement('canvas');
    this.brush = { x: 0.5, y: 0.5, size: 0.14, erases: false };
    this.canvas = h('canvas.paint', {
      tabindex: 0,
      role: 'img',
      width: 1,
      height: 1,
      'aria-label': 'The picture. Paint with the pointer, or move the brush by the arrow keys and paint by space.'
    });
    this.size = h('input', {
      type: 'range',
      min: 2,
      max: 50,
      value: 14,
      id: 'brush-size',
      oninput: event => {
        this.brush.size = Number(event.target.value) / 100;
        this.draw();
      }
    });
    this.eraser = h('button', {
      type: 'button',
      'aria-pressed': 'false',
      onclick: () => {
        this.brush.erases = !this.brush.erases;
        this.eraser.setAttribute('aria-pressed', String(this.brush.erases));
      }
    }, 'Erase');
    this.element = h('div.painter', { hidden: true }, this.canvas, h('div.row.wrap', {},
      h('label', { for: 'brush-size' }, 'Brush'), this.size, this.eraser,
      h('button', { type: 'button', onclick: () => this.cover(false) }, 'Clear'),
      h('button', { type: 'button', onclick: () => this.invert() }, 'Turn around')));
    this.canvas.addEventListener('pointerdown', event => {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.moved(event);
    });
    this.canvas.addEventListener('pointermove', event => this.moved(event));
    for (const name of ['pointerup', 'pointercancel']) this.canvas.addEventListener(name, () => { this.isDown =
      false;
      this.before = null; });
    this.canvas.addEventListener('keydown', event => this.pressed(event));
    for (const name of ['focus', 'blur']) this.canvas.addEventListener(name, () => this.draw());
  }

  /** Begins with another picture, and no mask. */
  async show(blob) {
    this.picture = await createImageBitmap(blob);
    const { width, height } = this.picture;
    for (const canvas of [this.canvas, this.mask]) Object.assign(canvas, { width, height });
    this.element.hidden = false;
    this.cover(false);
  }

  moved(event) {
    const box = this.canvas.getBoundingClientRect();
    Object.assign(this.brush, { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box
        .height });
    if (this.isDown) this.paint();
    this.draw();
  }

  pressed(event) {
    const step = event.shiftKey ? 0.01 : 0.05;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] } [event
      .key];
    if (!way && event.key !== ' ') return;
    event.preventDefault();
    const keep = value => Math.max(0, Math.min(1, value));
    if (way) Object.assign(this.brush, { x: keep(this.brush.x + way[0]), y: keep(this.brush.y + way[1]) });
    else {
      this.before = null;
      this.paint();
    }
    this.draw();
  }

  paint() {
    const pen = this.mask.getContext('2d');
    const { width, height } = this.mask;
    const to = { x: this.brush.x * width, y: this.brush.y * height };
    pen.globalCompositeOperation = this.brush.erases ? 'destination-out' : 'source-over';
    pen.strokeStyle = 'white';
    pen.lineWidth = this.brush.size * Math.min(width, height);
    pen.lineCap = 'round';
    pen.beginPath();
    pen.moveTo((this.before ?? to).x, (this.before ?? to).y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    this.before = to;
  }

  /** All or nothing of the picture. */
  cover(isAll) {
    const pen = this.mask.getContext('2d');
    pen.globalCompositeOperation = 'source-over';
    pen.clearRect(0, 0, this.mask.width, this.mask.height);
    if (isAll) {
      pen.fillStyle = 'white';
      pen.fillRect(0, 0, this.mask.width, this.mask.height);
    }
    this.draw();
  }

  invert() {
    const pen = this.mask.getContext('2d');
    pen.globalCompositeOperation = 'source-out';
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, this.mask.width, this.mask.height);
    this.draw();
  }

  draw() {
    if (!this.picture) return;
    const pen = this.canvas.getContext('2d');
    const { width, height } = this.canvas;
    pen.globalAlpha = 1;
    pen.drawImage(this.picture, 0, 0);
    // The mask in a colour that no background has by chance, half transparent.
    const veil = new OffscreenCanvas(width, height),
      ink = veil.getContext('2d');
    ink.drawImage(this.mask, 0, 0);
    ink.globalCompositeOperation = 'source-in';
    ink.fillStyle = '#ff3df0';
    ink.fillRect(0, 0, width, height);
    pen.globalAlpha = 0.6;
    pen.drawImage(veil, 0, 0);
    pen.globalAlpha = 1;
    const thin = Math.max(1, width / 200);
    for (const [style, wide] of [['#000', thin * 2], ['#fff', thin]]) {
      pen.strokeStyle = style;
      pen.lineWidth = wide;
      pen.beginPath();
      pen.arc(this.brush.x * width, this.brush.y * height, this.brush.size * Math.min(width, height) / 2, 0, Math
        .PI * 2);
      pen.stroke();
    }
  }

  /** What the request calls the mask, once the coordinator has it: white where the picture is made anew, else black. */
  async file() {
    const { width, height } = this.mask;
    const marks = this.mask.getContext('2d').getImageData(0, 0, width, height).data;
    if (!marks.some((value, place) => place % 4 === 3 && value > 127)) throw new Error(
      'Paint over what shall become something else first.');
    const flat = new OffscreenCanvas(width, height),
      pen = flat.getContext('2d');
    pen.fillStyle = 'black';
    pen.fillRect(0, 0, width, height);
    pen.drawImage(this.mask, 0, 0);
    return upload(await flat.convertToBlob({ type: 'image/png' }), 'mask.png');
  }
}

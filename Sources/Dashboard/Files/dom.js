// Builds elements, and brings those that stand in the page up to date without losing focus, scroll or pictures.

const svgNames = new Set(['svg', 'path', 'line', 'rect', 'circle', 'g', 'text', 'polyline', 'title']);

/** An element. `name` may carry classes: `h('p.note.warm', {id: 'x'}, 'text')`. Attributes that begin with `on` are
 *  handlers; `false`, null and undefined leave one out, `true` writes it empty. `key` tells siblings apart. */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = svgNames.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) :
    document.createElement(tag);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  for (const [key, value] of Object.entries(attributes)) set(element, key, value);
  append(element, children);
  return element;
}

function set(element, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key === 'key') element.key = String(value);
  else if (key === 'style') {
    // By the object model, which the content security policy allows; an attribute it does not.
    element.styles = value;
    for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
  } else if (key.startsWith('on')) element[key] = value;
  else if (key === 'class') element.setAttribute('class', [element.getAttribute('class'), value].filter(Boolean).join(
    ' '));
  else if (key === 'value') {
    element.value = value;
    element.setAttribute('value', value);
  } else element.setAttribute(key, value === true ? '' : value);
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}

const handlers = ['onclick', 'oninput', 'onchange', 'onsubmit', 'onkeydown', 'onerror', 'onload'];

/** Makes the children of an element be those given, keeping what is the same. What has `data-keep` is left alone once
 *  it is there: it looks after itself. */
export function fill(parent, ...children) {
  const wanted = document.createDocumentFragment();
  append(wanted, children);
  morphChildren(parent, wanted);
}

function morphChildren(from, to) {
  const keyed = new Map();
  for (const child of from.childNodes)
    if (child.key) keyed.set(child.key, child);
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let known = wanted.key ? keyed.get(wanted.key) : place && !place.key && isAlike(place, wanted) ? place : null;
    if (known && !isAlike(known, wanted)) known = null;
    if (!known) {
      from.insertBefore(wanted, place);
      continue;
    }
    if (known !== place) from.insertBefore(known, place);
    else place = place.nextSibling;
    morph(known, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function isAlike(a, b) { return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.key === b.key; }

function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.hasAttribute('data-keep') && to.hasAttribute('data-keep')) return;
  for (const { name } of [...from.attributes]) {
    if (name !== 'style' && !to.hasAttribute(name) && !(name === 'open' && from.nodeName === 'DETAILS')) from
      .removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name !== 'style' && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const name of Object.keys(from.styles ?? {}))
    if (!(name in (to.styles ?? {}))) from.style.removeProperty(name);
  for (const [name, text] of Object.entries(to.styles ?? {})) from.style.setProperty(name, text);
  from.styles = to.styles;
  for (const name of handlers)
    if (from[name] !== to[name]) from[name] = to[name];
  // What somebody types is theirs.
  if (from.nodeName !== 'TEXTAREA') morphChildren(from, to);
}

// Building and patching the page. Strings only ever become text nodes or attributes, never markup.
const SVG = 'http://www.w3.org/2000/svg';

export const find = (query, root = document) => root.querySelector(query);
export const findAll = (query, root = document) => [...root.querySelectorAll(query)];

/** h('td.num', { title: 'x' }, 'text', node, null): attributes first (optional), then children. */
export function h(name, ...children) {
  const [tag, ...classes] = name.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  if (tag === 'button') node.type = 'button';
  const attributes = children[0]?.constructor === Object ? children.shift() : {};
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Takes the drawings into the page: asked for one by one, they would vanish while the service is away. */
export async function loadIcons() {
  const answer = await fetch('/console/icons.svg');
  const sprite = new DOMParser().parseFromString(await answer.text(), 'image/svg+xml').documentElement;
  for (const symbol of findAll('symbol', sprite)) symbol.id = `icon-${symbol.id}`;
  sprite.setAttribute('class', 'sr');
  sprite.setAttribute('aria-hidden', 'true');
  document.body.append(document.adoptNode(sprite));
}

/** Puts the drawings where the HTML says `<i data-icon="name">`. */
export function fillIcons(root) {
  for (const slot of findAll('[data-icon]', root)) slot.replaceWith(icon(slot.dataset.icon));
  return root;
}

// A write that changes nothing still costs a layout and disturbs a selection, so both compare first.
export function setText(node, value) {
  const only = node.firstChild;
  if (only?.nodeType === Node.TEXT_NODE && !only.nextSibling) {
    if (only.data !== value) only.data = value;
  } else if (node.textContent !== value) {
    node.textContent = value;
  }
}

export function setAttr(node, name, value) {
  if (value == null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? '' : value);
}

export const button = (label, glyph, onclick, more = {}) =>
  h('button.btn', { ...more, onclick }, glyph && icon(glyph), label);

/** A copy of `<template id="t-{name}">` and its parts marked `data-part`. */
export function fromTemplate(name) {
  const root = fillIcons(find(`#t-${name}`).content.cloneNode(true)).firstElementChild;
  const parts = {};
  for (const node of findAll('[data-part]', root)) parts[node.dataset.part] = node;
  return { root, parts };
}

/** One polite sentence for screen readers; rows never announce themselves. */
export function announce(message) {
  setText(find('#announcements'), message);
}

/** Runs `act` once calls have stopped for `ms`. */
export function debounce(run, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), ms);
  };
}

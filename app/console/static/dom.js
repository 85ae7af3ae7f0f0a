// Building and patching the page. Strings only ever become text nodes or attributes, never markup.
import { urlOf } from './root.js';

/** @import { Act, Attributes, Child, ElementOf, TemplateParts } from '../types.d.ts' */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * The first element that matches; it has to be there. `findOptional` is for the others.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} query
 * @param {ParentNode} [root]
 * @returns {E}
 */
export function find(query, root = document) {
  const found = /** @type {E | null} */ (root.querySelector(query));
  if (!found) throw new Error(`The page has no ${query}.`);
  return found;
}

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} query
 * @param {ParentNode} [root]
 * @returns {E | null}
 */
export const findOptional = (query, root = document) => root.querySelector(query);

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} query
 * @param {ParentNode} [root]
 * @returns {E[]}
 */
export const findAll = (query, root = document) => [.../** @type {NodeListOf<E>} */ (root.querySelectorAll(query))];

/**
 * The element in which an event happened.
 * @param {Event} event
 */
export const targetOf = (event) => /** @type {HTMLElement} */ (event.target);

/** @param {HTMLElement} node @param {Attributes} attributes */
function setAttributes(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : String(value));
  }
}

/**
 * What can be appended: strings and nodes, without the empty values.
 * @param {Child} child
 * @returns {(Node | string)[]}
 */
export function nodesOf(child) {
  if (Array.isArray(child)) return child.flatMap(nodesOf);
  if (child instanceof Node) return [child];
  return child == null || typeof child === 'boolean' ? [] : [String(child)];
}

/**
 * h('td.num', { title: 'x' }, 'text', node, null): attributes first (optional), then children.
 * @template {string} Selector
 * @param {Selector} selector
 * @param {...(Attributes | Child)} rest
 */
export function h(selector, ...rest) {
  const [tag, ...classes] = selector.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  if (tag === 'button') node.setAttribute('type', 'button');
  const [first, ...others] = rest;
  const hasAttributes = first?.constructor === Object;
  if (hasAttributes) setAttributes(node, /** @type {Attributes} */ (first));
  node.append(...nodesOf(/** @type {Child[]} */ (hasAttributes ? others : rest)));
  return /** @type {ElementOf<Selector>} */ (node);
}

/** @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Takes the icons into the page: loaded one by one, they would vanish while the service is away. */
export async function loadIcons() {
  const response = await fetch(urlOf('/console/icons.svg'));
  const sprite = new DOMParser().parseFromString(await response.text(), 'image/svg+xml').documentElement;
  for (const symbol of sprite.querySelectorAll('symbol')) symbol.id = `icon-${symbol.id}`;
  sprite.setAttribute('class', 'sr');
  sprite.setAttribute('aria-hidden', 'true');
  document.body.append(document.adoptNode(sprite));
}

/**
 * Puts the icons where the HTML says `<i data-icon="name">`.
 * @param {ParentNode} root
 */
export function fillIcons(root) {
  for (const slot of findAll('[data-icon]', root)) slot.replaceWith(icon(slot.dataset.icon ?? ''));
}

// A write that changes nothing still costs a layout and disturbs a selection, so both compare first.
/** @param {Node} node @param {string} value */
export function setText(node, value) {
  const only = node.firstChild;
  if (only instanceof Text && !only.nextSibling) {
    if (only.data !== value) only.data = value;
  } else if (node.textContent !== value) {
    node.textContent = value;
  }
}

/** @param {Element} node @param {string} name @param {string | number | boolean | null | undefined} value */
export function setAttr(node, name, value) {
  if (value == null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? '' : String(value));
}

/**
 * @param {Child} label
 * @param {string | null} glyph the name of an icon
 * @param {(event: MouseEvent) => unknown} onclick
 * @param {Attributes} [more]
 */
export const button = (label, glyph, onclick, more = {}) =>
  h('button.btn', { ...more, onclick }, glyph && icon(glyph), label);

/**
 * A copy of `<template id="t-{name}">` and its parts marked `data-part`.
 * @template {keyof TemplateParts} Name
 * @param {Name} name
 */
export function fromTemplate(name) {
  const template = /** @type {HTMLTemplateElement} */ (find(`#t-${name}`));
  const content = document.importNode(template.content, true);
  fillIcons(content);
  const root = /** @type {HTMLElement} */ (content.firstElementChild);
  const parts = Object.fromEntries(findAll('[data-part]', root).map((node) => [node.dataset.part, node]));
  return { root, parts: /** @type {TemplateParts[Name]} */ (/** @type {unknown} */ (parts)) };
}

/**
 * One polite sentence for screen readers; rows never announce themselves.
 * @param {string} message
 */
export function announce(message) {
  setText(find('#announcements'), message);
}

/**
 * Runs `act` once calls have stopped for `ms`.
 * @param {Act} act
 * @param {number} ms
 */
export function debounce(act, ms) {
  /** @type {number | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
}

// Links and records as people type or paste them.
import { readTable } from './delimited.js';

/** @import { PastedItems } from '../../types.d.ts' */

/** @param {string} content */
const nonEmptyLines = (content) =>
  content
    .split('\n')
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line);

/**
 * The links of a text, and what is wrong with the first bad line.
 * @param {string} content
 * @returns {PastedItems}
 */
export function readLinks(content) {
  /** @type {PastedItems['items']} */
  const items = [];
  let problem = '';
  for (const { line, number } of nonEmptyLines(content)) {
    if (/^https?:\/\/[^/\s]+\S*$/i.test(line) && URL.canParse(line)) items.push({ url: line });
    else problem ||= `Line ${number} is not a web address.`;
  }
  return { items, problem, shape: '' };
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
/** @param {Record<string, unknown>} record */
const named = (record) => (typeof record.name === 'string' && record.name ? { record, name: record.name } : { record });

/** @param {string} content @returns {PastedItems} */
function readLines(content) {
  /** @type {PastedItems['items']} */
  const items = [];
  let problem = '';
  for (const { line, number } of nonEmptyLines(content)) {
    try {
      const record = JSON.parse(line);
      if (!isRecord(record)) throw new TypeError();
      items.push(named(record));
    } catch {
      problem ||= `Line ${number} is not a JSON object.`;
    }
  }
  return { items, problem, shape: 'JSON lines' };
}

/** @param {string} content @returns {PastedItems} */
function readList(content) {
  const shape = 'a JSON list';
  try {
    /** @type {unknown[]} */
    const list = JSON.parse(content);
    const bad = list.findIndex((one) => !isRecord(one));
    if (bad >= 0) return { items: [], problem: `Entry ${bad + 1} of the list is not a JSON object.`, shape };
    return { items: list.filter(isRecord).map(named), problem: '', shape };
  } catch {
    return { items: [], problem: 'This begins like a JSON list, but it is not valid JSON.', shape };
  }
}

/**
 * Records from a JSON list, from JSON lines, or from a table with a header.
 * @param {string} content
 * @returns {PastedItems}
 */
export function readRecords(content) {
  const start = content.trimStart()[0];
  if (!start) return { items: [], problem: '', shape: '' };
  if (start === '[') return readList(content);
  if (start === '{') return readLines(content);
  const { records, problem } = readTable(content);
  return { items: records.map(named), problem, shape: 'a table' };
}

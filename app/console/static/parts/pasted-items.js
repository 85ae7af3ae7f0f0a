// Links and records as people type or paste them.
import { readTable } from './delimited.js';

const nonEmptyLines = (content) =>
  content
    .split('\n')
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line);

/** { items, problem }: the links of a text, and what is wrong with the first bad line. */
export function readLinks(content) {
  const items = [];
  let problem = '';
  for (const { line, number } of nonEmptyLines(content)) {
    if (/^https?:\/\/[^/\s]+\S*$/i.test(line) && URL.canParse(line)) items.push({ url: line });
    else problem ||= `Line ${number} is not a web address.`;
  }
  return { items, problem };
}

const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const named = (record) => (typeof record.name === 'string' && record.name ? { record, name: record.name } : { record });

function readLines(content) {
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
  return { items, problem };
}

function readList(content) {
  try {
    const list = JSON.parse(content);
    const bad = list.findIndex((one) => !isRecord(one));
    if (bad >= 0) return { items: [], problem: `Entry ${bad + 1} of the list is not a JSON object.` };
    return { items: list.map(named), problem: '' };
  } catch {
    return { items: [], problem: 'This begins like a JSON list, but it is not valid JSON.' };
  }
}

/** { items, problem, shape }: records from a JSON list, from JSON lines, or from a table with a head. */
export function readRecords(content) {
  const start = content.trimStart()[0];
  if (!start) return { items: [], problem: '', shape: '' };
  if (start === '[') return { ...readList(content), shape: 'a JSON list' };
  if (start === '{') return { ...readLines(content), shape: 'JSON lines' };
  const { records, problem } = readTable(content);
  return { items: records.map(named), problem, shape: 'a table' };
}

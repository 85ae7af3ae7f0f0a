// Links and records as people type them: one on each line.

const filled = (content) => content.split('\n')
  .map((line, at) => ({ line: line.trim(), number: at + 1 }))
  .filter(({ line }) => line);

/** { items, problem }: the links of a text, and what is wrong with the first bad line. */
export function readLinks(content) {
  const items = [];
  let problem = '';
  for (const { line, number } of filled(content)) {
    if (/^https?:\/\/[^/\s]+\S*$/i.test(line) && URL.canParse(line)) items.push({ url: line });
    else problem ||= `Line ${number} is not a web address.`;
  }
  return { items, problem };
}

/** { items, problem }: one record for each line that holds a JSON object. */
export function readRecords(content) {
  const items = [];
  let problem = '';
  for (const { line, number } of filled(content)) {
    try {
      const record = JSON.parse(line);
      if (record === null || typeof record !== 'object' || Array.isArray(record)) throw new TypeError();
      items.push(typeof record.name === 'string' ? { record, name: record.name } : { record });
    } catch {
      problem ||= `Line ${number} is not a JSON object.`;
    }
  }
  return { items, problem };
}

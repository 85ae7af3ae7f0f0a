// Tables as text: CSV as RFC 4180 has it, with commas, semicolons or, from a spreadsheet, tabs.

const DELIMITERS = ['\t', ';', ','];

/** @typedef {{ line: number, cells: string[] }} Row with the line it begins on */

/**
 * The delimiter that the header has most of.
 * @param {string} head
 */
function delimiterOf(head) {
  /** @param {string} delimiter */
  const countOf = (delimiter) => head.split(delimiter).length;
  return DELIMITERS.reduce((best, one) => (countOf(one) > countOf(best) ? one : best));
}

/**
 * The rows of a table, and `open`: the line of a quote that is never closed, or 0.
 * @param {string} content
 * @param {string} delimiter
 */
function cellsOf(content, delimiter) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Row} */
  let row = { line: 1, cells: [] };
  let cell = '';
  let line = 1;
  let quotedSince = 0;
  const endCell = () => {
    row.cells.push(cell);
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (row.cells.some((one) => one.trim())) rows.push(row);
    row = { line, cells: [] };
  };
  for (let at = 0; at < content.length; at += 1) {
    const letter = content[at];
    if (letter === '\n') line += 1;
    if (quotedSince) {
      if (letter !== '"') cell += letter;
      else if (content[at + 1] === '"') {
        cell += letter;
        at += 1;
      } else quotedSince = 0;
    } else if (letter === '"' && cell === '') quotedSince = line;
    else if (letter === delimiter) endCell();
    else if (letter === '\n') endRow();
    else if (letter !== '\r') cell += letter;
  }
  endRow();
  return { rows, open: quotedSince };
}

/**
 * One object for each row under the header. Every value stays text; empty cells are left out.
 * @param {string} content
 * @returns {{ records: Record<string, string>[], problem: string }}
 */
export function readTable(content) {
  const text = content.replace(/^\uFEFF/, '').trimStart();
  const skipped = content.length - content.trimStart().length;
  const before = content.slice(0, skipped).split('\n').length - 1;
  const { rows, open } = cellsOf(text, delimiterOf(text.split('\n', 1)[0]));
  const [head, ...body] = rows;
  /** @param {string} problem */
  const none = (problem) => ({ records: [], problem });
  if (open) return none(`The quote that opens on line ${open + before} is never closed.`);
  if (!head) return none('There is no header row.');
  const names = head.cells.map((name) => name.trim());
  const twice = names.find((name, at) => name && names.indexOf(name) !== at);
  if (twice) return none(`The header has “${twice}” twice.`);
  if (!body.length) return none('There is only one line. A table needs a header row and at least one row below it.');
  const long = body.find(({ cells }) => cells.slice(names.length).some((cell) => cell.trim()));
  if (long) return none(`Line ${long.line + before} has more cells than the header.`);
  const records = body.map(({ cells }) =>
    Object.fromEntries(
      names.map((name, at) => [name, (cells[at] ?? '').trim()]).filter(([name, value]) => name && value),
    ),
  );
  return { records, problem: '' };
}

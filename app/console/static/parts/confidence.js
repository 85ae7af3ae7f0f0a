// How sure the reading of a sheet is: a label, and the note above a result with what was not read.
import { h, icon } from '../dom.js';
import { plural } from '../format.js';
import { hasPages, showing } from './page-picture.js';

/** @import { Reading } from '../../api.d.ts' */
/** @import { Label } from '../../types.d.ts' */

/** @type {Record<string, Label>} by confidence; a sheet that was read well needs no word */
const LABELS = { check: ['paused', 'Check'], low: ['failed', 'Low confidence'] };

/** @type {Record<string, string>} */
const MEANINGS = {
  check: 'Some of the sheet was read with doubts: compare the result with the sheet.',
  low: 'Much of the sheet was not read: look at the sheet itself.',
};

/** @param {string | null | undefined} confidence @returns {Label | null} */
export const confidenceMark = (confidence) => LABELS[confidence ?? ''] ?? null;

/**
 * On a line of its own below the name of a sheet, or of what else was read.
 * @param {string | null | undefined} confidence
 * @param {Record<string, string>} [meanings] by confidence
 */
export function confidenceLabel(confidence, meanings = MEANINGS) {
  const mark = confidenceMark(confidence);
  if (!mark) return null;
  const label = { 'data-state': mark[0], title: meanings[confidence ?? ''] };
  return h('div', h('span.state', label, icon('warning'), mark[1]));
}

/** @param {Reading} reading */
function unreadSentence({ unread, pages_to_check: pages }) {
  if (!unread) return '';
  const where = pages.filter((page) => page.unread).length;
  const on = where ? ` on ${plural(where, 'page')}` : '';
  return `${plural(unread, 'line')} that ${unread === 1 ? 'looks like a result was' : 'look like results were'} not read${on}.`;
}

/**
 * What was not read and what looks odd, with the pages it stands on; null for a sheet that was read well.
 * @param {{ reading: Reading, extraction?: string, filename?: string | null, pages?: number }} sheet
 */
export function readingNote({ reading, extraction, filename, pages }) {
  const { confidence, unread, unread_lines: lines, warnings } = reading;
  const mark = confidenceMark(confidence);
  if (!mark && !warnings.length) return null;

  /** @param {number | null} page */
  const pageLink = (page) => {
    if (!page) return 'whole sheet';
    const name = `page ${page}`;
    if (!extraction || !hasPages(filename)) return name;
    return h('button.plain', { onclick: showing({ extraction, filename, pages, page }) }, name);
  };
  const others = warnings.filter(({ code }) => code !== 'LINES_NOT_READ');
  const more = unread - lines.length;
  return h(
    'div.note.reading',
    { 'data-state': mark?.[0], role: 'group', 'aria-label': 'How sure the reading is' },
    icon('warning'),
    h(
      'div.stack.tight',
      mark ? h('p', h('b', `${mark[1]}. `), MEANINGS[confidence]) : h('p', 'Read well, with remarks.'),
      unread > 0 && h('p', unreadSentence(reading)),
      others.length > 0 &&
        h(
          'ul.remarks',
          others.map(({ message, count, page }) => h('li', `${message} `, h('span.dim', `${count}, `, pageLink(page)))),
        ),
      lines.length > 0 &&
        h(
          'details',
          h('summary', lines.length === 1 ? 'Show the line' : `Show the ${plural(lines.length, 'line')}`),
          h(
            'ol.unread',
            lines.map(({ page, text }) => h('li', h('span.dim', pageLink(page)), h('code', text))),
          ),
          more > 0 && h('p.dim', `and ${more.toLocaleString('en')} more`),
        ),
    ),
  );
}

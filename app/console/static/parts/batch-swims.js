// What a batch of result sheets found, in a sentence that leads to all swims; and which of its sheets to look at.
import { h, icon } from '../dom.js';
import { plural } from '../format.js';
import { hrefOf } from '../router.js';

/** @import { Batch } from '../../api.d.ts' */

const PIPELINE = 'pdf-extraction';
const MOST_NAMED = 12;

/**
 * @typedef {object} SheetSummary
 * @property {number} [swims]
 * @property {number} [sheets]
 * @property {number} [sheets_with_swimmer]
 * @property {number} [lines_not_read]
 * @property {number[]} [jobs_to_check]
 * @property {{ high: number, check: number, low: number }} [confidence]
 */

/** @param {SheetSummary} summary */
function foundText({ swims, sheets = 0, sheets_with_swimmer: on = 0 }) {
  if (swims === undefined) return 'What was found so far, in one table.';
  return swims
    ? `${plural(swims, 'swim')} on ${on} of ${plural(sheets, 'sheet')}.`
    : 'The swimmer was found on no sheet.';
}

/** @param {SheetSummary} summary @param {(sequence: number) => string} hrefOfJob */
function checkNote({ lines_not_read: lines = 0, jobs_to_check: jobs = [], confidence }, hrefOfJob) {
  if (!jobs.length) return null;
  const links = jobs
    .slice(0, MOST_NAMED)
    .flatMap((sequence, at) => [at ? ', ' : '', h('a', { href: hrefOfJob(sequence) }, String(sequence))]);
  const unread = lines
    ? ` ${plural(lines, 'line')} that ${lines === 1 ? 'looks' : 'look'} like results ${lines === 1 ? 'was' : 'were'} not read.`
    : '';
  return h(
    'p.note',
    { 'data-state': confidence?.low ? 'failed' : 'paused' },
    icon('warning'),
    h(
      'span',
      `${plural(jobs.length, 'sheet')} to check.${unread} ${jobs.length === 1 ? 'Job' : 'Jobs'} `,
      links,
      jobs.length > MOST_NAMED ? ` and ${jobs.length - MOST_NAMED} more.` : '.',
    ),
  );
}

/** @param {Batch} batch @param {(sequence: number) => string} hrefOfJob */
export function batchSwims(batch, hrefOfJob) {
  const node = h('section.panel.sheet-swims', { 'aria-labelledby': 'swims-title', hidden: true });
  let drawn = '';
  return {
    node,
    render() {
      const isSheets = batch.pipelines.includes(PIPELINE);
      if (!isSheets || !batch.counters.completed) return;
      const key = JSON.stringify(batch.summary_data);
      if (key === drawn) return;
      drawn = key;
      // A batch of several pipelines sums up by pipeline.
      const all = /** @type {Record<string, unknown>} */ (batch.summary_data ?? {});
      const summary = /** @type {SheetSummary} */ (all[PIPELINE] ?? all);
      node.hidden = false;
      node.replaceChildren(
        h(
          'header',
          h('h2', { id: 'swims-title' }, 'Swims'),
          h('span.count', foundText(summary)),
          h('a.btn.small', { href: hrefOf(`swims/${batch.id}`) }, 'All swims and best times'),
        ),
        ...[checkNote(summary, hrefOfJob)].filter((one) => one !== null),
      );
    },
  };
}

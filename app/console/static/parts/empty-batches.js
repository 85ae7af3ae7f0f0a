// What is shown instead of the list while it is empty.
import { button, h, icon } from '../dom.js';
import { urlOf } from '../root.js';
import { TABS } from './batch-tabs.js';

/** @type {Record<string, string>} */
const EXPLANATIONS = {
  progress: 'Nothing is running or waiting.',
  completed: 'Batches in which at least one job succeeded are listed here once they end.',
  failed: 'Batches that end without a single successful job are listed here.',
  archived: 'Archived batches leave the other lists and are kept here.',
};

const example = () =>
  [
    `curl ${location.origin}${urlOf('/api/jobs/batch')} \\`,
    '  -H "Authorization: Bearer $KEY" \\',
    '  -F files=@a.pdf -F files=@b.pdf \\',
    '  -F pipeline=pdf-extraction -F \'params={"swimmer_name": "Maya Lindqvist"}\'',
  ].join('\n');

/**
 * @param {Record<string, string>} filters
 * @param {boolean} filtered whether filters hide batches
 * @param {() => void} clear clears the filters
 */
export function emptyBatches(filters, filtered, clear) {
  if (filtered) {
    const title = filters.search ? `Nothing matches “${filters.search}”` : 'No batches match';
    return h(
      'div.empty',
      h('h2', title),
      h('p', 'No batch matches the filters above.'),
      button('Clear filters', null, clear),
    );
  }
  if (filters.tab) {
    return h(
      'div.empty',
      h('h2', `No ${TABS[filters.tab]?.[0].toLowerCase() ?? ''} batches`),
      h('p', EXPLANATIONS[filters.tab]),
    );
  }
  const about =
    'A batch is a set of files, links or records that go through one pipeline together. ' +
    'Start one here, or send it from a program:';
  return h(
    'div.empty',
    h('h2', 'No batches yet'),
    h('p', about),
    h('pre.code', { tabindex: 0 }, example()),
    h('a.btn', { href: '#/new' }, icon('plus'), 'New batch'),
  );
}

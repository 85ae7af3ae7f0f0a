// What the organisation uses of everything that is limited.
import { errorText, get } from '../api.js';
import { h } from '../dom.js';
import { dataTable } from '../parts/data-table.js';
import { errorNote, loader, page } from '../parts/page.js';
import { QUOTA_COLUMNS } from '../parts/quotas.js';

/** @import { Usage } from '../../api.d.ts' */

const EVERY = 15_000;
export function usageScreen() {
  const { body } = page('Usage', {
    intro: 'What your organisation uses, and how much it may. An operator of this installation can raise a limit.',
  });
  const table = dataTable({ caption: 'Usage and limits', keyOf: ({ name }) => name, columns: QUOTA_COLUMNS });
  const notes = h('div.stack', { 'aria-live': 'polite' });
  body.append(notes, table.node);

  return loader({
    every: EVERY,
    /** @returns {Promise<Usage>} */
    load: () => get('/api/organisation/usage'),
    draw({ quotas, warnings }) {
      notes.replaceChildren(...warnings.map((text) => h('p.note', { 'data-state': 'partial' }, h('span', text))));
      table.draw(quotas);
    },
    failed: (error) => notes.replaceChildren(errorNote(errorText(error))),
  });
}

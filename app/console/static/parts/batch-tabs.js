// The tabs of the list, each a set of states, and how many batches are in each.
import { OPEN } from './states.js';

/** @import { BatchCounts } from '../../api.d.ts' */

/** @type {Record<string, [label: string, states: string]>} Key in the address -> label and states; none means all. */
export const TABS = {
  '': ['All', ''],
  progress: ['In progress', OPEN.join(',')],
  completed: ['Completed', 'completed,partial'],
  failed: ['Failed', 'failed,cancelled'],
  archived: ['Archived', ''],
};

/** @param {BatchCounts} counts @param {string} tab */
export function countOf(counts, tab) {
  if (tab === 'archived') return counts.archived;
  const statuses = TABS[tab]?.[1] ? TABS[tab][1].split(',') : Object.keys(counts.by_status);
  return statuses.reduce((sum, status) => sum + counts.by_status[status], 0);
}

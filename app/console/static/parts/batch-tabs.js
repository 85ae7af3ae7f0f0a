// The tabs of the list, each a set of states, and how many batches stand under each.
import { OPEN } from './states.js';

/** Key in the address -> the tab's word, and the states it asks for; none asks for all. */
export const TABS = {
  '': ['All', ''],
  progress: ['In progress', OPEN.join(',')],
  completed: ['Completed', 'completed,partial'],
  failed: ['Failed', 'failed,cancelled'],
  archived: ['Archived', ''],
};

/** `counts` is { by_status, archived }. */
export function countOf(counts, tab) {
  if (tab === 'archived') return counts.archived;
  const statuses = TABS[tab]?.[1] ? TABS[tab][1].split(',') : Object.keys(counts.by_status);
  return statuses.reduce((sum, status) => sum + counts.by_status[status], 0);
}

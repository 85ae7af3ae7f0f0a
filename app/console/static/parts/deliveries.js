// What was told to a webhook, in words: how it went, and when.
import { h } from '../dom.js';
import { clock, exact, since } from '../words.js';
import { stateLabel } from './states.js';

/** How a delivery or a mail went; `attempts` tells one that is tried again from one that is new. */
export function outcome({ status, attempts }) {
  if (status === 'delivered' || status === 'sent') return stateLabel('completed', status === 'sent' ? 'Sent' : 'Delivered');
  if (status === 'failed' || status === 'skipped') return stateLabel(status);
  return attempts ? stateLabel('retrying', 'Retrying') : stateLabel('pending', 'Pending');
}

export function sent({ created_at: made, completed_at: ended, next_attempt_at: next, status }) {
  if (status === 'pending' && next && Date.parse(next) > Date.now()) return h('span', { title: exact(next) }, `next at ${clock(next)}`);
  const at = made ?? ended;
  return at ? h('time', { datetime: at, title: exact(at) }, since(at)) : h('span');
}

// How a webhook delivery or a mail went, and when.
import { h } from '../dom.js';
import { dateTime, now, timeAgo, timeOfDay } from '../format.js';
import { stateLabel } from './states.js';

/**
 * @typedef {object} Sent a delivery to a webhook, or a mail
 * @property {string} status
 * @property {number} attempts
 * @property {string | null} next_attempt_at
 * @property {string | null} completed_at
 * @property {string} [created_at]
 */

/**
 * `attempts` distinguishes a delivery that is being retried from a new one.
 * @param {Sent} sent
 */
export function deliveryState({ status, attempts }) {
  if (status === 'delivered' || status === 'sent')
    return stateLabel('completed', status === 'sent' ? 'Sent' : 'Delivered');
  if (status === 'failed' || status === 'skipped') return stateLabel(status);
  return attempts ? stateLabel('retrying', 'Retrying') : stateLabel('pending', 'Pending');
}

/** @param {Sent} sent */
export function deliveryTime({ created_at: made, completed_at: ended, next_attempt_at: next, status }) {
  if (status === 'pending' && next && Date.parse(next) > now())
    return h('span', { title: dateTime(next) }, `next at ${timeOfDay(next)}`);
  const at = made ?? ended;
  return at ? h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)) : h('span');
}

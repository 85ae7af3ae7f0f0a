// The notifications of a batch: its mail and its webhook deliveries. The section appears with the first of them.
import { getOrNull } from '../api.js';
import { h, setText } from '../dom.js';
import { deliveryState, deliveryTime } from './deliveries.js';

/** @import { BatchNotifications, Delivery, Mail, Webhook } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

const EVERY = 5000; // while something is still on its way
const SUCCEEDED = ['delivered', 'sent'];

/** @param {string} path */
export function notifications(path) {
  const count = h('span.count');
  const list = h('ul.notification-list');
  const node = h('details.panel', { hidden: true }, h('summary', h('h2', 'Notifications'), count), list);
  /** @type {Map<string, Promise<string>>} webhook -> its name */
  const hooks = new Map();
  let drawn = '';
  let pending = false;
  let last = 0;

  /** @param {string} id */
  async function loadName(id) {
    /** @type {Webhook | null} */
    const hook = await getOrNull(`/api/webhooks/${id}`);
    return hook ? hook.description || new URL(hook.url).host : 'a webhook';
  }

  /** @param {string} id */
  function nameOf(id) {
    const name = hooks.get(id) ?? loadName(id);
    hooks.set(id, name);
    return name;
  }

  /** @param {Mail | Delivery} one @param {...Child} what */
  const row = (one, ...what) =>
    h(
      'li',
      deliveryState(one),
      h('span', ...what, one.error && !SUCCEEDED.includes(one.status) && h('p.dim', one.error)),
      h('span.dim', deliveryTime(one)),
    );

  /** @param {BatchNotifications} notifications */
  async function rows({ mail, deliveries }) {
    const sent = await Promise.all(
      deliveries.map(async (one) =>
        row(
          one,
          h('code', one.event_type),
          ' to ',
          h('a', { href: `#/webhooks/${one.webhook_id}` }, await nameOf(one.webhook_id)),
        ),
      ),
    );
    return mail ? [row(mail, `Email to ${mail.recipient}`), ...sent] : sent;
  }

  async function refresh() {
    last = Date.now();
    /** @type {BatchNotifications | null} */
    const answer = await getOrNull(`${path}/notifications`);
    const now = JSON.stringify(answer);
    if (!answer || now === drawn) return;
    drawn = now;
    const all = answer.mail ? [answer.mail, ...answer.deliveries] : answer.deliveries;
    pending = all.some(({ status }) => status === 'pending');
    list.replaceChildren(...(await rows(answer)));
    setText(count, all.length.toLocaleString('en'));
    node.hidden = !all.length;
  }

  return {
    node,
    refresh,
    tick() {
      if (pending && Date.now() - last > EVERY) refresh();
    },
  };
}

// The notifications of a batch: its mail and its webhook deliveries. The section appears with the first of them.
import { get } from '../api.js';
import { h, setText } from '../dom.js';
import { deliveryState, deliveryTime } from './deliveries.js';

const EVERY = 5000; // while something is still on its way
const SUCCEEDED = ['delivered', 'sent'];

export function notifications(path) {
  const count = h('span.count');
  const list = h('ul.notification-list');
  const node = h('details.panel', { hidden: true }, h('summary', h('h2', 'Notifications'), count), list);
  const hooks = new Map(); // webhook -> what it is called, or a promise of it
  let drawn = '';
  let pending = false;
  let last = 0;

  async function name(id) {
    const hook = await get(`/api/webhooks/${id}`).catch(() => null);
    return hook ? hook.description || new URL(hook.url).host : 'a webhook';
  }

  function nameOf(id) {
    if (!hooks.has(id)) hooks.set(id, name(id));
    return hooks.get(id);
  }

  const row = (one, ...what) =>
    h(
      'li',
      deliveryState(one),
      h('span', ...what, one.error && !SUCCEEDED.includes(one.status) && h('p.dim', one.error)),
      h('span.dim', deliveryTime(one)),
    );

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
    return mail ? [row(mail, `Mail to ${mail.recipient}`), ...sent] : sent;
  }

  async function refresh() {
    last = Date.now();
    const answer = await get(`${path}/notifications`).catch(() => null);
    const now = JSON.stringify(answer);
    if (!answer || now === drawn) return;
    drawn = now;
    const all = [answer.mail, ...answer.deliveries].filter(Boolean);
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

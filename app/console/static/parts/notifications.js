// Who was told of a batch: its mail, and its deliveries to webhooks. It stands there once somebody was to be told.
import { get } from '../api.js';
import { h, text } from '../dom.js';
import { outcome, sent } from './deliveries.js';

const EVERY = 5000; // while something is still on its way
const WENT = ['delivered', 'sent'];

export function notifications(path) {
  const count = h('span.count');
  const list = h('ul.told');
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

  const row = (one, ...what) => h('li', outcome(one),
    h('span', ...what, one.error && !WENT.includes(one.status) && h('p.dim', one.error)),
    h('span.dim', sent(one)));

  async function rows({ mail, deliveries }) {
    const told = await Promise.all(deliveries.map(async (one) => row(one, h('code', one.event_type), ' to ',
      h('a', { href: `#/webhooks/${one.webhook_id}` }, await nameOf(one.webhook_id)))));
    return mail ? [row(mail, `Mail to ${mail.recipient}`), ...told] : told;
  }

  async function ask() {
    last = Date.now();
    const answer = await get(`${path}/notifications`).catch(() => null);
    const now = JSON.stringify(answer);
    if (!answer || now === drawn) return;
    drawn = now;
    const all = [answer.mail, ...answer.deliveries].filter(Boolean);
    pending = all.some(({ status }) => status === 'pending');
    list.replaceChildren(...await rows(answer));
    text(count, all.length.toLocaleString('en'));
    node.hidden = !all.length;
  }

  return {
    node,
    ask,
    beat() {
      if (pending && Date.now() - last > EVERY) ask();
    },
  };
}

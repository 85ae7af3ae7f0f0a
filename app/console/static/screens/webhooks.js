// Webhook endpoints, and their deliveries.
import { errorText, get, getPipelines, patch, post, remove } from '../api.js';
import { button, h, icon } from '../dom.js';
import { dateTime, duration, plural, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { deliveryState, deliveryTime } from '../parts/deliveries.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState, loader } from '../parts/page.js';
import { field, fillSelect, plainForm } from '../parts/plain-form.js';
import { secretNote } from '../parts/secret-note.js';
import { go, hrefOf } from '../router.js';

/** @import { Delivery, DeliveryAttempt, Page, Pipeline, SecretRotated, Webhook } from '../../api.d.ts' */
/** @import { Choice, ScreenFactory } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */
/** @import { DetailTools, FormTools } from '../parts/master-detail.js' */

const EVENTS = [
  'batch.completed',
  'batch.partial',
  'batch.failed',
  'batch.cancelled',
  'batch.paused',
  'batch.alerted',
  'batch.created',
  'batch.started',
  'batch.resumed',
];
const DEFAULT_EVENTS = EVENTS.slice(0, 4);
/** @type {Choice[]} */
const FORMATS = [
  ['standard', 'Standard Webhooks'],
  ['slack', 'Slack, or a compatible chat'],
  ['crm', 'a custom body'],
];
/** @type {Record<string, string>} */
const DISABLED_REASONS = { gone: 'the receiver answered 410 Gone', failing: 'no delivery has succeeded for days' };
const PAGE = 50;
const MAX_PAGE = 1000; // deliveries in one answer of the API
const TABS = [
  ['', 'All'],
  ['pending', 'Pending'],
  ['delivered', 'Delivered'],
  ['failed', 'Failed'],
];

/** @param {Webhook} hook @returns {[string, string, string]} */
function listItem(hook) {
  const name = hook.description || new URL(hook.url).host;
  if (!hook.enabled) return [name, 'cancelled', 'Disabled'];
  return hook.failing_since ? [name, 'retrying', 'Failing'] : [name, 'completed', 'Enabled'];
}

/** @template Answer @param {() => Promise<Answer>} act @param {(answer: Answer) => void} [done] */
async function attempt(act, done) {
  try {
    const answer = await act();
    done?.(answer);
  } catch (error) {
    toast(errorText(error));
  }
}

// ---- deliveries

/** @param {Delivery} delivery */
const lastAttempt = ({ tries }) => tries.at(-1);
/** @param {DeliveryAttempt | undefined} last */
const timeTaken = (last) => (last ? duration(last.milliseconds) : '');

/** @param {Webhook} hook @param {string} tab */
function deliveries(hook, tab) {
  const path = `/api/webhooks/${hook.id}/deliveries`;
  const table = dataTable({
    caption: 'Deliveries to this address, newest first',
    keyOf: byId,
    /** @type {Column<Delivery>[]} */
    columns: [
      { label: 'Outcome', cell: deliveryState },
      {
        label: 'Answer',
        kind: 'mono',
        cell: (one) => String(lastAttempt(one)?.status ?? (one.attempts ? 'none' : '')),
      },
      {
        label: 'Event',
        cell: (one) => [
          one.batch_id
            ? h('a', { href: `#/batches/${one.batch_id}` }, h('code', one.event_type))
            : h('code', one.event_type),
          one.error && one.status !== 'delivered' && h('div.dim', one.error),
        ],
      },
      { label: 'Attempts', kind: 'num', cell: ({ attempts, tries }) => String(Math.max(attempts, tries.length)) },
      { label: 'Took', kind: 'num dim', cell: (one) => timeTaken(lastAttempt(one)) },
      { label: 'Sent', kind: 'dim', cell: deliveryTime },
      {
        label: '',
        kind: 'k-act',
        cell: (one) =>
          button(
            'Redeliver',
            null,
            () =>
              attempt(
                () => post(`${path}/${one.id}/redeliver`),
                () => {
                  toast('Sent again with the same webhook-id');
                  list.again();
                },
              ),
            { class: 'btn small', 'aria-label': `Redeliver ${one.event_type}`, 'data-needs': 'admin' },
          ),
      },
    ],
  });
  const tabs = h(
    'nav.tabs',
    { 'aria-label': 'Deliveries by outcome' },
    TABS.map(([key, label]) =>
      h('a', { href: hrefOf(`webhooks/${hook.id}`, { tab: key }), 'aria-current': key === tab && 'page' }, label),
    ),
  );
  const nothing = emptyState(
    'Nothing sent yet',
    tab ? 'No delivery has this outcome.' : '“Send test” sends a ping now.',
  );
  const fault = h('p.error');
  const more = actionButton('Show more', null, () => {
    most += PAGE;
    return list.again();
  });
  let most = PAGE; // all of them are loaded again, as the newest change
  const list = loader({
    every: 3000,
    /** @returns {Promise<Page<'deliveries', Delivery>>} */
    load: () => get(path, { status: tab, limit: most }),
    draw({ deliveries: found, next_cursor: older }) {
      table.draw(found);
      fault.textContent = '';
      table.node.hidden = !found.length;
      nothing.hidden = found.length > 0;
      more.hidden = !older || most >= MAX_PAGE;
    },
    failed: (error) => {
      fault.textContent = errorText(error);
    },
  });
  nothing.hidden = more.hidden = true;
  return { nodes: [tabs, table.node, nothing, h('div.after', more, fault)], again: list.again, leave: list.leave };
}

// ---- one endpoint

/** @param {Webhook} hook */
function warningOf(hook) {
  if (!hook.enabled && hook.disabled_reason) {
    return h(
      'p.note',
      { 'data-state': 'failed' },
      icon('failed'),
      h(
        'span',
        h('b', 'Disabled: '),
        `${DISABLED_REASONS[hook.disabled_reason] ?? hook.disabled_reason}. “Enable” sends what is waiting.`,
      ),
    );
  }
  if (!hook.failing_since) return '';
  return h(
    'p.note',
    { 'data-state': 'paused' },
    icon('retry'),
    h(
      'span',
      h('b', 'Deliveries are being retried'),
      ` since ${dateTime(hook.failing_since)}. The same webhook-id is sent each time.`,
    ),
  );
}

/** @param {Webhook} hook @param {DetailTools} tools */
function detail(hook, { again, edit, params }) {
  const path = `/api/webhooks/${hook.id}`;
  const sentTo = deliveries(hook, params.get('tab') ?? '');
  const secret = h('div', { 'aria-live': 'polite' });
  const test = button('Send test', 'play', () =>
    attempt(
      () => post(`${path}/test`),
      () => {
        toast('Test sent');
        sentTo.again();
      },
    ),
  );
  const rotate = button('Rotate secret…', 'key', async () => {
    const lost = 'This creates a new secret. For 24 hours deliveries are signed with the old one as well.';
    if (!(await confirmAction('Rotate the secret?', lost, 'Rotate secret'))) return;
    await attempt(
      () => /** @type {Promise<SecretRotated>} */ (post(`${path}/rotate-secret`)),
      ({ secret: made }) => secret.replaceChildren(secretNote('The new secret', made)),
    );
  });
  const toggle = button(hook.enabled ? 'Disable' : 'Enable', hook.enabled ? 'pause' : 'play', () =>
    attempt(() => patch(path, { enabled: !hook.enabled }), again),
  );
  const drop = button(
    'Delete…',
    'trash',
    async () => {
      if (
        !(await confirmAction(
          'Delete this webhook?',
          'This also deletes its log. Deliveries that are still waiting are not sent.',
          'Delete webhook',
        ))
      )
        return;
      await attempt(
        () => remove(path),
        () => {
          toast('Webhook deleted');
          go('#/webhooks');
          again();
        },
      );
    },
    { class: 'btn danger' },
  );
  for (const one of [test, rotate, toggle, drop]) one.dataset.needs = 'admin';
  const facts = [
    h('span', 'Events ', h('b', hook.events.join(', '))),
    h('span', 'Pipeline ', h('b', hook.pipeline ?? 'any')),
    h('span', 'Body ', h('b', FORMATS.find(([key]) => key === hook.format)?.[1] ?? hook.format)),
    h('span', { title: dateTime(hook.secret_rotated_at) }, 'Secret set ', h('b', timeAgo(hook.secret_rotated_at))),
  ];
  return {
    nodes: [
      detailHeader(h('span.mono', hook.url), facts, [test, edit, rotate, toggle, drop]),
      secret,
      warningOf(hook),
      ...sentTo.nodes,
    ].filter(Boolean),
    leave: sentTo.leave,
  };
}

// ---- a new one, or changing one

const EVERY = 'batch.*';
const SAMPLE = { title: '{{batch.name}} is {{batch.status}}' };

/** @param {string[]} [chosen] */
function eventBoxes(chosen) {
  const all = chosen?.includes(EVERY);
  const known = [...new Set([...EVENTS, ...(chosen ?? [])])].filter((event) => event !== EVERY);
  const boxes = known.map((event) =>
    h('input', { type: 'checkbox', value: event, checked: all || (chosen ?? DEFAULT_EVENTS).includes(event) }),
  );
  return {
    node: h(
      'fieldset.field',
      h('legend', 'Events'),
      h(
        'div.ticks',
        boxes.map((box) => h('label.tick', box, h('code', box.value))),
      ),
    ),
    read() {
      const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
      // An endpoint for every event also gets the types that are added later.
      return all && ticked.length === boxes.length ? [EVERY] : ticked;
    },
  };
}

/** @param {FormTools<Webhook>} tools @param {Webhook} [hook] */
function form({ saved, cancel }, hook) {
  const url = h('input.input.mono', {
    type: 'url',
    placeholder: 'https://…',
    autocomplete: 'off',
    spellcheck: 'false',
    value: hook?.url,
  });
  const about = h('input.input', { maxlength: 200, autocomplete: 'off', value: hook?.description });
  const events = eventBoxes(hook?.events);
  const pipeline = h('select.input');
  const format = fillSelect(h('select.input'), FORMATS, hook && [hook.format, hook.format]);
  const template = h(
    'textarea.input.mono',
    { rows: 6, spellcheck: 'false' },
    JSON.stringify(hook?.template ?? SAMPLE, null, 2),
  );
  const body = field('hook-template', 'Body', template, 'JSON with placeholders such as {{batch.name}}.');
  const showBody = () => {
    body.hidden = format.value !== 'crm';
  };
  format.addEventListener('change', showBody);
  showBody();
  /** @param {Pipeline[]} list */
  function offerPipelines(list) {
    const choices = list.map(({ key, title }) => /** @type {Choice} */ ([key, title]));
    fillSelect(pipeline, [['', 'any'], ...choices], hook?.pipeline ? [hook.pipeline, hook.pipeline] : null);
  }

  offerPipelines([]);
  getPipelines().then(offerPipelines, () => {});

  async function send() {
    /** @type {unknown} */
    let own;
    if (format.value === 'crm') {
      try {
        own = JSON.parse(template.value);
      } catch {
        throw new Error('The body is not valid JSON.');
      }
    }
    const wanted = {
      url: url.value.trim(),
      description: about.value.trim() || null,
      events: events.read(),
      pipeline: pipeline.value || null,
      format: format.value,
      ...(own ? { template: own } : {}),
    };
    if (hook) return saved(await patch(`/api/webhooks/${hook.id}`, wanted));
    /** @type {Webhook & { secret: string }} */
    const made = await post('/api/webhooks', wanted);
    return node.replaceChildren(secretNote('The signing secret', made.secret, () => saved(made)));
  }

  const node = plainForm(
    [
      field('hook-url', 'Address', url, 'Gets a POST for each event, and has to answer with 2xx within seconds.'),
      field('hook-description', 'Name', about, 'Leave empty to use the host of the address.'),
      events.node,
      field('hook-pipeline', 'Pipeline', pipeline, 'Only events of batches of this pipeline.'),
      field('hook-format', 'Format', format),
      body,
    ],
    hook ? 'Save endpoint' : 'Add endpoint',
    send,
    { cancel },
  );
  return node;
}

/** @type {ScreenFactory} */
export const webhooksScreen = masterDetailScreen({
  title: 'Webhooks',
  path: 'webhooks',
  create: 'Add endpoint',
  needs: 'admin',
  listItem,
  form,
  detail,
  none: () =>
    emptyState(
      'No endpoints yet',
      `A webhook tells another program when a batch ends, or about any of ${plural(EVENTS.length, 'event')}.`,
      h('a.btn', { href: '#/webhooks/new', 'data-needs': 'admin' }, icon('plus'), 'Add endpoint'),
    ),
});

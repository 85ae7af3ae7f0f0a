// How the organisation's batches are named: its time zone, its words for views, and who is a customer.
import { errorText, get, patch } from '../api.js';
import { h } from '../dom.js';
import { toast } from '../parts/overlays.js';
import { errorNote, loader, page } from '../parts/page.js';
import { field, plainForm } from '../parts/plain-form.js';

/** @import { Naming, Organisation, Session } from '../../api.d.ts' */

/** @param {string} text */
const lines = (text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
/** @param {string} text */
const words = (text) =>
  text
    .split(/[,;\n]/)
    .map((word) => word.trim())
    .filter(Boolean);

/**
 * `front: F, 1` on each line; a view may stand on several.
 * @param {string} text
 */
function readViews(text) {
  /** @type {Naming['views']} */
  const views = {};
  for (const line of lines(text)) {
    const at = line.indexOf(':');
    const view = at < 0 ? line : line.slice(0, at).trim();
    views[view] = [...(views[view] ?? []), ...(at < 0 ? [] : words(line.slice(at + 1)))];
  }
  return views;
}

/** @param {Naming['views']} views */
const viewLines = (views) =>
  Object.entries(views)
    .map(([view, own]) => (own.length ? `${view}: ${own.join(', ')}` : view))
    .join('\n');

/** @param {string} value @param {number} rows @param {string} [placeholder] */
const area = (value, rows, placeholder) =>
  h('textarea.input.mono', { rows, spellcheck: false, autocomplete: 'off', placeholder }, value);

/** The time zones that the browser knows. */
function zoneList() {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return h(
    'datalist',
    { id: 'time-zones' },
    ['UTC', ...known].map((value) => h('option', { value })),
  );
}

export function namesScreen() {
  const { body } = page('Names of sets', {
    intro:
      'A batch of pictures is named after its customer, its views and the day, as in PL_DXB191_3-view_Render_2025-11-05. Changes hold for new batches.',
  });
  const trouble = h('div');
  const box = h('div');
  body.append(trouble, box);
  let drawn = false;

  /** @param {Organisation} organisation */
  function draw({ time_zone: zone, naming }) {
    if (drawn) return; // what is being entered stays
    drawn = true;
    const zoneField = h('input.input', { value: zone, maxlength: 100, autocomplete: 'off', spellcheck: false });
    zoneField.setAttribute('list', 'time-zones'); // the property can only be read
    const views = area(viewLines(naming.views), 6, 'front: F, 1\nback: B, 3');
    const notViews = area(naming.not_views.join(', '), 2, 'top, iso');
    const customers = area(naming.customers.join('\n'), 6, 'ACME\nPL_DXB191');
    const notCustomers = area(naming.not_customers.join('\n'), 3, 'JBL_FLIP6');
    const form = plainForm(
      [
        field('names-time_zone', 'Time zone', zoneField, 'The day in a name is the day here.'),
        zoneList(),
        field(
          'names-views',
          'Words for views',
          views,
          'One view on each line with the words that mean it, besides the built-in ones. Letters and numbers are words too.',
        ),
        field('names-not_views', 'Words that are no views', notViews, 'Built-in words, or whole views, with commas.'),
        field(
          'names-customers',
          'Customers',
          customers,
          'One on each line, as it is to be written. File names that begin with one are that customer’s.',
        ),
        field('names-not_customers', 'Not customers', notCustomers, 'What was taken for one and is none.'),
      ],
      'Save',
      async () => {
        await patch('/api/organisation', {
          time_zone: zoneField.value.trim() || null,
          naming: {
            views: readViews(views.value),
            not_views: words(notViews.value),
            customers: lines(customers.value),
            not_customers: lines(notCustomers.value),
          },
        });
        toast('Saved');
      },
    );
    box.replaceChildren(form);
  }

  return loader({
    /** @returns {Promise<Session>} */
    load: () => get('/api/session'),
    draw({ organisation }) {
      trouble.replaceChildren();
      draw(organisation);
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });
}

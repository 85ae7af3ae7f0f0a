// One restaurant: its details, its menu and option sets, and registering it.
import { errorText, get, post, queryString, remove, request } from '../api.js';
import { button, find, h, icon, setText } from '../dom.js';
import { dateTime, isPlain, labelOf, plainText, plural, timeAgo } from '../format.js';
import { importReport, refusedImport } from '../parts/import-report.js';
import { actionButton, confirmAction, setDisabledReason, toast } from '../parts/overlays.js';
import { errorNote, formPage, loader, page, viewOrEdit } from '../parts/page.js';
import { CONTACT_FIELDS, restaurantForm } from '../parts/restaurant-form.js';
import { restaurantState } from '../parts/restaurant-state.js';
import { urlOf } from '../root.js';
import { go, hrefOf } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';

/** @import { BatchCreated, ImportReport, Restaurant } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */

/** @type {[string, string]} */
const LIST = ['Restaurants', '#/restaurants'];

/** @param {Restaurant} restaurant */
function knownFacts({ contact, attributes }) {
  const labels = Object.fromEntries(CONTACT_FIELDS.map(([key, label]) => [key, label]));
  const rows = [
    ...Object.entries(contact).map(([name, value]) => ({ name: labels[name] ?? name, value })),
    ...Object.entries(attributes).map(([name, value]) => ({ name, value })),
  ];
  if (!rows.length) return h('p.dim', 'No further details.');
  return h(
    'dl.facts-list',
    rows.flatMap(({ name, value }) => [
      h('dt', labelOf(name)),
      h('dd', isPlain(value) ? plainText(value) : JSON.stringify(value)),
    ]),
  );
}

/** @type {[key: 'menu' | 'option_sets', label: string, words: (counts: Record<string, number>) => string][]} */
const FILES = [
  [
    'menu',
    'Menu',
    ({ items, categories, images }) =>
      `${plural(items, 'dish', 'dishes')} in ${plural(categories, 'category', 'categories')}, ${plural(images, 'image')}`,
  ],
  [
    'option_sets',
    'Option sets',
    ({ option_sets: sets, items }) => `${plural(sets, 'set')}, ${plural(items, 'option')}`,
  ],
];

/** @param {Restaurant} one */
const files = (one) =>
  h(
    'dl.facts-list',
    FILES.flatMap(([key, label, words]) => {
      const id = one[`${key}_file_id`];
      return [
        h('dt', label),
        h(
          'dd',
          id ? h('a', { href: urlOf(`/api/files/${id}/content`), download: true }, words(one[key] ?? {})) : 'none yet',
        ),
      ];
    }),
  );

/**
 * Uploads a menu or option sets; `onKept` is called with what the service answered when it kept the file.
 * @param {Restaurant} one
 * @param {HTMLElement} report
 * @param {(answer: ImportReport) => void} onKept
 */
function menuSection(one, report, onKept) {
  const picker = h('input', { type: 'file', accept: '.csv,text/csv', hidden: true });

  /** @param {File} file @param {boolean} goodRowsOnly */
  async function send(file, goodRowsOnly) {
    const query = queryString({ filename: file.name, keep_good_rows: goodRowsOnly || null });
    try {
      onKept(await request('PUT', `/api/restaurants/${one.id}/menu${query}`, file));
    } catch (error) {
      const refused = refusedImport(error);
      const items = refused?.items ?? 0;
      const retry =
        items > 0 &&
        button(`Keep the ${plural(items, 'good row')}`, null, () => send(file, true), { class: 'btn small' });
      report.replaceChildren(
        refused
          ? importReport(refused, (wrong) => `${wrong}, the file was not kept`, retry)
          : errorNote(errorText(error)),
      );
    }
  }

  picker.addEventListener('change', () => {
    const [file] = picker.files ?? [];
    if (file) send(file, false);
    picker.value = '';
  });
  return h(
    'section.stack',
    h('h2', 'Menu'),
    files(one),
    h('p.dim', 'A CSV file of dishes or of option sets; the header row tells which. It replaces the previous file.'),
    h(
      'div.actions',
      picker,
      button('Upload a menu file', 'upload', () => picker.click(), { 'data-needs': 'manage' }),
    ),
  );
}

/** @param {string} id @param {boolean} edits */
function openRestaurant(id, edits) {
  const path = `/api/restaurants/${encodeURIComponent(id)}`;
  const { root, body } = page('Restaurant');
  const actions = h('div.actions');
  const report = h('div');
  const facts = h('div.stack.loose');
  setBreadcrumbs(LIST, ['…']);

  /** @param {string} title @param {...[string, string?]} parts */
  function name(title, ...parts) {
    setBreadcrumbs(LIST, ...parts);
    setTitle(title);
    setText(find('h1', root), title);
  }

  /** @param {Restaurant} one */
  async function drop(one) {
    if (
      !(await confirmAction(
        `Delete “${one.name}”?`,
        'This also deletes its menu. Batches that include it stay.',
        'Delete restaurant',
      ))
    )
      return;
    try {
      await remove(path);
      toast(`${one.name} deleted`);
      go('#/restaurants');
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {Restaurant} one */
  async function register(one) {
    try {
      /** @type {BatchCreated} */
      const made = await post('/api/registration-batches', { restaurant_ids: [one.id], start: true });
      go(`#/batches/${made.batch_id}`);
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {ImportReport} answer */
  function onKept(answer) {
    report.replaceChildren(
      importReport(answer, (wrong) =>
        answer.error_count ? `${answer.filename}: the good rows were kept, ${wrong}` : `${answer.filename} was kept`,
      ),
    );
    list.again();
  }

  /** @param {Restaurant} one */
  function show(one) {
    name(one.name, [one.name]);
    const start = actionButton('Register', 'play', () => register(one), {
      class: 'btn primary',
      'data-needs': 'submit',
    });
    setDisabledReason(start, one.status === 'registering' ? 'It is already being registered' : '');
    actions.replaceChildren(
      start,
      h(
        'a.btn',
        { href: hrefOf(`restaurants/${one.id}`, { edit: 'yes' }), 'data-needs': 'manage' },
        icon('edit'),
        'Edit',
      ),
      button('Delete…', 'trash', () => drop(one), { class: 'btn danger', 'data-needs': 'manage' }),
    );
    /** @param {string} label @param {string | null} value */
    const word = (label, value) => value != null && h('span', `${label} `, h('b', value));
    facts.replaceChildren(
      h('div.facts', restaurantState(one), [
        word('City', one.city),
        word('Type', one.type),
        word('Stage', one.stage),
        word('ICP', one.icp_score == null ? null : `${one.icp_score}/10`),
        one.last_batch_id &&
          h('span', 'Last batch ', h('a', { href: `#/batches/${one.last_batch_id}` }, one.last_batch_name)),
        one.live_at && h('span', { title: dateTime(one.live_at) }, `went live ${timeAgo(one.live_at)}`),
      ]),
      h('div.columns', h('section.stack', h('h2', 'Details'), knownFacts(one)), menuSection(one, report, onKept)),
    );
  }

  /** @param {Restaurant} one */
  function edit(one) {
    name(`Edit “${one.name}”`, [one.name, `#/restaurants/${one.id}`], ['Edit']);
    facts.replaceChildren(restaurantForm(one));
  }

  find('.page-head', root).append(actions);
  body.append(report, facts);
  const list = loader({
    /** @returns {Promise<Restaurant>} */
    load: () => get(path),
    draw: edits ? edit : show,
    failed: (error) => facts.replaceChildren(errorNote(errorText(error))),
  });
  return list;
}

/** @param {URLSearchParams} params @param {string} [id] @returns {Screen} */
export function restaurantScreen(params, id = '') {
  return id === 'new'
    ? formPage('New restaurant', LIST, restaurantForm())
    : viewOrEdit(params, (edits) => openRestaurant(id, edits));
}

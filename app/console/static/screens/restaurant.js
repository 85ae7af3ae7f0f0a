// One restaurant: what is known of it, its menu and option sets, and registering it.
import { get, post, remove, request } from '../api.js';
import { button, find, h, icon, setText } from '../dom.js';
import { dateTime, plural, timeAgo } from '../format.js';
import { importReport } from '../parts/import-report.js';
import { actionButton, confirmAction, setDisabledReason, toast } from '../parts/overlays.js';
import { errorNote, formPage, loader, page, viewOrEdit } from '../parts/page.js';
import { errorText } from '../parts/plain-form.js';
import { REACHED, restaurantForm } from '../parts/restaurant-form.js';
import { restaurantState } from '../parts/restaurant-state.js';
import { go, hrefOf } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';

const LIST = ['Restaurants', '#/restaurants'];
const isPlain = (value) => ['string', 'number', 'boolean'].includes(typeof value);

function knownFacts({ contact, attributes }) {
  const labels = Object.fromEntries(REACHED.map(([key, label]) => [key, label]));
  const rows = [
    ...Object.entries(contact).map(([name, value]) => [labels[name] ?? name, value]),
    ...Object.entries(attributes),
  ];
  if (!rows.length) return h('p.dim', 'Nothing more is known of it.');
  return h(
    'dl.facts-list',
    rows.flatMap(([name, value]) => [
      h('dt', name.replaceAll('_', ' ')),
      h('dd', isPlain(value) ? String(value) : JSON.stringify(value)),
    ]),
  );
}

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

const files = (one) =>
  h(
    'dl.facts-list',
    FILES.flatMap(([key, label, words]) => {
      const id = one[`${key}_file_id`];
      return [
        h('dt', label),
        h('dd', id ? h('a', { href: `/api/files/${id}/content`, download: true }, words(one[key])) : 'none yet'),
      ];
    }),
  );

/** Sending a menu or option sets; `kept` is called with what the service answered when it took the file. */
function menuSection(one, report, onKept) {
  const picker = h('input', { type: 'file', accept: '.csv,text/csv', hidden: true });

  async function send(file, goodRowsOnly) {
    const query = new URLSearchParams({ filename: file.name, ...(goodRowsOnly && { keep_good_rows: true }) });
    try {
      onKept(await request('PUT', `/api/restaurants/${one.id}/menu?${query}`, file));
    } catch (error) {
      const { errors: found, items } = error.problem ?? {};
      const retry =
        items > 0 &&
        button(`Keep the ${plural(items, 'good row')}`, null, () => send(file, true), { class: 'btn small' });
      report.replaceChildren(
        found?.[0]?.code
          ? importReport(error.problem, (wrong) => `${wrong}, the file was not kept`, retry)
          : errorNote(errorText(error)),
      );
    }
  }

  picker.addEventListener('change', () => {
    if (picker.files[0]) send(picker.files[0], false);
    picker.value = '';
  });
  return h(
    'section.stack',
    h('h2', 'Menu'),
    files(one),
    h('p.dim', 'A CSV file of dishes, or of option sets: its head tells which. It takes the place of the one before.'),
    h(
      'div.actions',
      picker,
      button('Send a menu file', 'upload', () => picker.click()),
    ),
  );
}

function openRestaurant(id, edits) {
  const path = `/api/restaurants/${encodeURIComponent(id)}`;
  const { root, body } = page('Restaurant');
  const actions = h('div.actions');
  const report = h('div');
  const facts = h('div.stack.loose');
  setBreadcrumbs(LIST, ['…']);

  function name(title, ...parts) {
    setBreadcrumbs(LIST, ...parts);
    setTitle(title);
    setText(find('h1', root), title);
  }

  async function drop(one) {
    if (
      !(await confirmAction(
        `Delete “${one.name}”?`,
        'Its menu goes with it. Batches that it was in stay.',
        'Delete restaurant',
      ))
    )
      return;
    try {
      await remove(path);
      toast(`${one.name} deleted`);
      go('#/restaurants');
    } catch (error) {
      toast(error.message);
    }
  }

  async function register(one) {
    try {
      go(`#/batches/${(await post('/api/registration-batches', { restaurant_ids: [one.id], start: true })).batch_id}`);
    } catch (error) {
      toast(errorText(error));
    }
  }

  function onKept(answer) {
    report.replaceChildren(
      importReport(answer, (wrong) =>
        answer.error_count ? `${answer.filename}: the good rows were kept, ${wrong}` : `${answer.filename} was kept`,
      ),
    );
    list.again();
  }

  function show(one) {
    name(one.name, [one.name]);
    const start = actionButton('Register', 'play', () => register(one), { class: 'btn primary' });
    setDisabledReason(start, one.status === 'registering' ? 'It is being registered already' : '');
    actions.replaceChildren(
      start,
      h('a.btn', { href: hrefOf(`restaurants/${one.id}`, { edit: 'yes' }) }, icon('edit'), 'Edit'),
      button('Delete…', 'trash', () => drop(one), { class: 'btn danger' }),
    );
    const word = (label, value) => value != null && h('span', `${label} `, h('b', String(value)));
    facts.replaceChildren(
      h(
        'div.facts',
        restaurantState(one),
        ...[
          word('City', one.city),
          word('Type', one.type),
          word('Stage', one.stage),
          word('ICP', one.icp_score == null ? null : `${one.icp_score}/10`),
          one.last_batch_id &&
            h('span', 'Last batch ', h('a', { href: `#/batches/${one.last_batch_id}` }, one.last_batch_name)),
          one.live_at && h('span', { title: dateTime(one.live_at) }, `live since ${timeAgo(one.live_at)}`),
        ].filter(Boolean),
      ),
      h('div.columns', h('section.stack', h('h2', 'About it'), knownFacts(one)), menuSection(one, report, onKept)),
    );
  }

  function edit(one) {
    name(`Edit “${one.name}”`, [one.name, `#/restaurants/${one.id}`], ['Edit']);
    facts.replaceChildren(restaurantForm(one));
  }

  find('.page-head', root).append(actions);
  body.append(report, facts);
  const list = loader({
    load: () => get(path),
    draw: edits ? edit : show,
    failed: (error) => facts.replaceChildren(errorNote(error.message)),
  });
  return list;
}

export function restaurantScreen(params, id) {
  return id === 'new'
    ? formPage('New restaurant', LIST, restaurantForm())
    : viewOrEdit(params, (edits) => openRestaurant(id, edits));
}

// What an organisation may have and uses, and the form in which operators change it.
import { errorText, get, patch } from '../api.js';
import { button, h } from '../dom.js';
import { fileSize, formatNumber } from '../format.js';
import { dataTable } from './data-table.js';
import { toast } from './overlays.js';
import { errorNote, loader } from './page.js';
import { field, plainForm, wrongField } from './plain-form.js';
import { QUOTA_COLUMNS, QUOTA_LABELS } from './quotas.js';

/** @import { Limits, QuotaUse } from '../../api.d.ts' */

const GIGABYTE = 1e9;

/** @param {QuotaUse} quota @param {Limits} limits */
function limitField({ name, limit }, { own }) {
  const isBytes = name === 'stored_bytes';
  const isOwn = name in own;
  const chosen = !isOwn ? 'default' : limit === null ? 'none' : 'most';
  const select = h(
    'select.input',
    { 'aria-label': `${QUOTA_LABELS[name]}: how it is limited` },
    h('option', { value: 'default' }, isOwn ? 'as the installation' : `as the installation: ${wordsOf(name, limit)}`),
    h('option', { value: 'none' }, 'no limit'),
    h('option', { value: 'most' }, isBytes ? 'at most, in GB' : 'at most'),
  );
  select.value = chosen;
  const number = h('input.input', {
    type: 'number',
    min: 0,
    step: isBytes ? 'any' : 1,
    value: chosen === 'most' && limit !== null ? String(isBytes ? limit / GIGABYTE : limit) : '',
  });
  const node = field(`limit-${name}`, QUOTA_LABELS[name], number);
  const showNumber = () => {
    number.disabled = select.value !== 'most';
  };
  select.addEventListener('change', () => {
    showNumber();
    if (!number.disabled) number.focus();
  });
  showNumber();
  number.before(select);
  node.classList.add('limit');
  return {
    node,
    name,
    /** What is to be sent; undefined when nothing was changed. */
    get value() {
      if (select.value !== 'most')
        return select.value === chosen ? undefined : select.value === 'none' ? null : 'default';
      const most = number.value === '' ? Number.NaN : Number(number.value);
      const wanted = isBytes ? Math.round(most * GIGABYTE) : most;
      return chosen === 'most' && wanted === limit ? undefined : wanted;
    },
  };
}

/** @param {QuotaUse['name']} name @param {number | null} limit */
const wordsOf = (name, limit) =>
  limit === null ? 'no limit' : name === 'stored_bytes' ? fileSize(limit) : formatNumber(limit);

/** @param {string} path of the limits in the API */
export function limitsSection(path) {
  const box = h('div.stack.tight');
  const node = h('section.stack.tight', h('h3', 'Use and limits'), box);

  /** @param {Limits} limits */
  function show(limits) {
    const table = dataTable({ caption: 'Use and limits', keyOf: ({ name }) => name, columns: QUOTA_COLUMNS });
    table.draw(limits.quotas);
    const change = button('Change limits', 'edit', () => edit(limits), { class: 'btn small' });
    box.replaceChildren(
      table.node,
      h(
        'p.dim',
        `Weight ${limits.weight}: its part where organisations take turns. At 2 it gets twice as much as one at 1.`,
      ),
      h('div.actions', change),
    );
    return change;
  }

  /** @param {Limits} limits */
  function edit(limits) {
    const fields = limits.quotas.map((quota) => limitField(quota, limits));
    const weight = h('input.input', { type: 'number', min: 0.01, max: 100, step: 'any', value: String(limits.weight) });
    const form = plainForm(
      [
        fields.map((one) => one.node),
        field('limit-weight', 'Weight', weight, 'From 0.01 to 100; 1 is as much as any other organisation.'),
      ],
      'Save limits',
      async () => {
        const changes = Object.fromEntries(
          fields.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
        );
        if (Number(weight.value) !== limits.weight)
          changes.weight = weight.value === '' ? Number.NaN : Number(weight.value);
        const empty = Object.keys(changes).find((name) => Number.isNaN(changes[name]));
        if (empty) throw wrongField(empty, 'Enter a number.');
        const saved = /** @type {Limits} */ (await patch(path, changes));
        toast('The limits are saved');
        show(saved).focus();
      },
    );
    form.querySelector('.actions')?.append(button('Cancel', null, () => show(limits).focus()));
    box.replaceChildren(form);
    form.querySelector('select')?.focus();
  }

  const { leave } = loader({
    /** @returns {Promise<Limits>} */
    load: () => get(path),
    draw: show,
    failed: (error) => box.replaceChildren(errorNote(errorText(error))),
  });
  return { node, leave };
}

// The form of a restaurant: its details and its contact.
import { patch, post } from '../api.js';
import { h } from '../dom.js';
import { go } from '../router.js';
import { field, plainForm } from './plain-form.js';

/** @import { Restaurant } from '../../api.d.ts' */
/** @import { Attributes } from '../../types.d.ts' */

const TYPES = ['Outbound', 'Inbound'];
const STAGES = ['cold', 'warm', 'hot'];
/** @type {[key: string, label: string, type: string][]} */
export const CONTACT_FIELDS = [
  ['name', 'Contact', 'text'],
  ['email', 'Email', 'email'],
  ['phone', 'Telephone', 'tel'],
];

/** @param {string | number | null | undefined} value @param {Attributes} more */
const textInput = (value, more = {}) => h('input.input', { autocomplete: 'off', value, ...more });
/** @param {string} id @param {string[]} words */
const list = (id, words) =>
  h(
    'datalist',
    { id },
    words.map((word) => h('option', { value: word })),
  );

/** @param {string} content @returns {Record<string, unknown>} */
function readMore(content) {
  if (!content.trim()) return {};
  try {
    return JSON.parse(content);
  } catch {
    throw new Error('“Other details” is not valid JSON.');
  }
}

/**
 * For a new restaurant or, with `one`, to change it.
 * @param {Restaurant} [one]
 */
export function restaurantForm(one) {
  const name = textInput(one?.name, { maxlength: 255 });
  const city = textInput(one?.city, { maxlength: 120 });
  const type = textInput(one?.type, { maxlength: 60, list: 'types' });
  const stage = textInput(one?.stage, { maxlength: 60, list: 'stages' });
  const score = textInput(one?.icp_score, { type: 'number', min: 0, max: 10, step: 1 });
  const contact = CONTACT_FIELDS.map(([key, label, kind]) => {
    const value = one?.contact[key];
    return { key, label, input: textInput(value, { type: kind }) };
  });
  const more = h(
    'textarea.input.mono',
    { rows: 4, spellcheck: 'false' },
    one && Object.keys(one.attributes).length ? JSON.stringify(one.attributes, null, 2) : '',
  );

  function readContact() {
    /** @type {Record<string, string>} */
    const kept = { ...one?.contact };
    for (const { key, input } of contact) {
      if (input.value.trim()) kept[key] = input.value.trim();
      else delete kept[key];
    }
    return kept;
  }

  return plainForm(
    [
      field('restaurant-name', 'Name', name),
      field('restaurant-city', 'City', city),
      field('restaurant-type', 'Type', type, 'Outbound, Inbound, or a value of your own.'),
      list('types', TYPES),
      field('restaurant-stage', 'Stage', stage, 'cold, warm, hot, or a value of your own.'),
      list('stages', STAGES),
      field('restaurant-icp_score', 'ICP score', score, 'How well it fits the ideal customer, 0 to 10.'),
      ...contact.map(({ key, label, input }) => field(`restaurant-contact-${key}`, label, input)),
      field('restaurant-attributes', 'Other details', more, 'A JSON object, such as {"website": "https://…"}.'),
    ],
    one ? 'Save restaurant' : 'Add restaurant',
    async () => {
      if (score.validity.badInput) throw new Error('The ICP score is not a number.');
      const body = {
        name: name.value.trim(),
        city: city.value.trim() || null,
        type: type.value.trim() || null,
        stage: stage.value.trim() || null,
        icp_score: score.value === '' ? null : Number(score.value),
        contact: readContact(),
        attributes: readMore(more.value),
      };
      /** @type {Restaurant} */
      const { id } = await (one ? patch(`/api/restaurants/${one.id}`, body) : post('/api/restaurants', body));
      go(`#/restaurants/${id}`);
    },
    { cancel: one ? `#/restaurants/${one.id}` : '#/restaurants' },
  );
}

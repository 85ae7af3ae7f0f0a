// What each role may, in one sentence, where somebody chooses it or reads it.
import { h } from '../dom.js';

/** @import { Role } from '../../api.d.ts' */

/** @type {Record<Role, string>} */
export const ROLE_SENTENCES = {
  viewer: 'Sees batches, results and files, and changes nothing.',
  member: 'Sees everything, uploads files and starts batches, and changes what they made themselves.',
  admin: 'Changes everything of the organisation, with its users, keys, connections, webhooks and settings.',
};
/** @type {Record<Role, string>} */
const TITLES = { viewer: 'Viewer', member: 'Member', admin: 'Administrator' };
const ROLES = /** @type {Role[]} */ (Object.keys(TITLES));

/** @param {Role} role */
export const roleTitle = (role) => TITLES[role];

/**
 * Boxes of which one is chosen, each with what it means; `name` keeps those of two forms on one page apart.
 * @template {string} Value
 * @param {string} name
 * @param {string} legend
 * @param {[value: Value, title: string, sentence: string][]} choices
 * @param {Value} chosen
 */
export function explainedChoice(name, legend, choices, chosen) {
  const boxes = choices.map(([value]) => h('input', { type: 'radio', name, value, checked: value === chosen }));
  const node = h(
    'fieldset.field',
    h('legend', legend),
    choices.map(([, title, sentence], at) => h('label.explained', boxes[at], h('span', h('b', title), sentence))),
  );
  return {
    node,
    get value() {
      return /** @type {Value} */ (boxes.find((box) => box.checked)?.value);
    },
  };
}

/** @param {string} name @param {Role} chosen */
export const roleChoice = (name, chosen) =>
  explainedChoice(
    name,
    'Role',
    ROLES.map((role) => [role, TITLES[role], ROLE_SENTENCES[role]]),
    chosen,
  );

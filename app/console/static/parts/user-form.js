// The form of a user: for a program that is added, and to change somebody.
import { patch, post } from '../api.js';
import { find, h } from '../dom.js';
import { may } from '../shell.js';
import { field, plainForm, wrongField } from './plain-form.js';
import { roleChoice } from './roles.js';

/** @import { UserDetail } from '../../api.d.ts' */

/** What problems of users and invitations are about. */
export const ABOUT = { user_exists: 'name' };

/** @param {string} prefix @param {string} [value] @param {string} [help] */
export const nameField = (prefix, value = '', help) =>
  field(`${prefix}-name`, 'Name', h('input.input', { maxlength: 200, autocomplete: 'off', value }), help);

/** @param {string} prefix @param {string | null} [value] @param {string} [help] */
export const emailField = (prefix, value = null, help) =>
  field(
    `${prefix}-email`,
    'Email',
    h('input.input', { type: 'email', maxlength: 254, autocomplete: 'off', value }),
    help,
  );

/** @param {HTMLElement} node */
export const valueIn = (node) =>
  /** @type {HTMLInputElement} */ (node.querySelector('input, textarea, select')).value.trim();

/**
 * The name and the address that were entered; throws what is wrong with them.
 * @param {HTMLElement} name
 * @param {HTMLElement} email
 */
export function personIn(name, email) {
  const person = { name: valueIn(name), email: valueIn(email) || null };
  if (!person.name) throw wrongField('name', 'Enter a name.');
  if (!find('input', email).matches(':valid')) throw wrongField('email', 'Enter an address such as ada@example.org.');
  return person;
}

/**
 * `path` is where the API has the users, with those of another organisation for operators.
 * @param {string} path
 * @param {{ saved: (user: UserDetail) => void, cancel?: string }} tools
 * @param {UserDetail} [user]
 */
export function userForm(path, { saved, cancel }, user) {
  const name = nameField('user', user?.name, user ? '' : 'What the program does, such as “nightly import”.');
  const email = emailField('user', user?.email);
  const role = roleChoice('user-role', user?.role ?? 'member');
  const operator = h('input', { type: 'checkbox', id: 'user-operator', checked: user?.operator });
  const operates = h(
    'div.field',
    h('label.tick', operator, 'Operates the installation as well'),
    h('small', 'Sees every organisation and the workers, and sets what organisations may use.'),
  );

  async function send() {
    const wanted = { ...personIn(name, email), role: role.value };
    if (!user) return saved(await post(path, wanted));
    const changes = operator.checked === user.operator ? wanted : { ...wanted, operator: operator.checked };
    return saved(await patch(`${path}/${user.id}`, changes));
  }

  const canOperate = user && may('operate') && path.startsWith('/api/organisations');
  return plainForm([name, email, role.node, canOperate && operates], user ? 'Save user' : 'Add user', send, {
    cancel,
    about: ABOUT,
  });
}

// The form of an invitation, and its link, which is shown once.
import { post } from '../api.js';
import { button, h } from '../dom.js';
import { date } from '../format.js';
import { field, fillSelect, plainForm } from './plain-form.js';
import { roleChoice } from './roles.js';
import { secretNote } from './secret-note.js';
import { ABOUT, emailField, nameField, personIn } from './user-form.js';

/** @import { Invitation, InvitationCreated, Role } from '../../api.d.ts' */
/** @import { Act, Choice } from '../../types.d.ts' */

/** @type {Choice[]} */
const LIVES = [
  ['1', 'a day'],
  ['7', 'a week'],
  ['30', '30 days'],
];

/**
 * `made` is called once there is an invitation, `closed` when the reader is done with the form or the link.
 * @param {string} path where the API makes invitations
 * @param {{ made: Act, closed: Act }} tools
 * @param {{ name?: string, email?: string | null, role?: Role }} [like] what stands in the fields at first
 */
export function invitationForm(path, { made, closed }, { name: before = '', email: address, role: wanted } = {}) {
  const name = nameField('invitation', before, 'The name that the user will have.');
  const email = emailField('invitation', address, 'Leave empty when you send the link yourself.');
  const role = roleChoice('invitation-role', wanted ?? 'member');
  const days = fillSelect(h('select.input'), LIVES, LIVES[1]);
  const node = plainForm(
    [name, email, role.node, field('invitation-days', 'It can be accepted for', days)],
    'Invite',
    async () => {
      /** @type {InvitationCreated} */
      const answer = await post(path, {
        ...personIn(name, email),
        role: role.value,
        days: Number(days.value),
      });
      box.replaceChildren(linkOf(answer, closed));
      made();
    },
    { about: ABOUT },
  );
  node.querySelector('.actions')?.append(button('Cancel', null, closed));
  const box = h('section.stack', { 'aria-label': 'Invite somebody' }, node);
  return box;
}

/** @param {InvitationCreated} answer @param {Act} closed */
function linkOf({ name, link, mailed_to: address, expires_at: at }, closed) {
  const where = new URL(link, location.origin).href;
  const sent = address ? `It is on its way to ${address} as well.` : `Send it to ${name} yourself: no mail is sent.`;
  return secretNote(`The link for ${name}`, where, closed, `It works once, until ${date(at)}. ${sent}`);
}

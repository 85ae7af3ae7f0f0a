// All organisations of the installation, for its operators: what each uses and may, its users, and its end.
import { errorText, get, patch, post, request } from '../api.js';
import { button, find, h, icon } from '../dom.js';
import { date, dateTime, fileSize, plural } from '../format.js';
import { invitationForm } from '../parts/invitation-form.js';
import { limitsSection } from '../parts/limits.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader } from '../parts/page.js';
import { field, plainForm, wrongField } from '../parts/plain-form.js';
import { nameField, valueIn } from '../parts/user-form.js';
import { usersSection } from '../parts/users-section.js';
import { go } from '../router.js';

/** @import { Allowance, OrganisationFigures } from '../../api.d.ts' */
/** @import { ScreenFactory } from '../../types.d.ts' */
/** @import { DetailTools, FormTools } from '../parts/master-detail.js' */

/** @param {OrganisationFigures} organisation @returns {[string, string | null, string]} */
function listItem({ name, figures, disabled_at: disabled }) {
  if (disabled) return [name, 'cancelled', 'Disabled'];
  if (!figures.administrators) return [name, 'partial', 'No administrator'];
  return [name, null, plural(figures.users, 'user')];
}

/** @param {FormTools<OrganisationFigures>} tools @param {OrganisationFigures} [organisation] */
function form({ saved, cancel }, organisation) {
  const name = nameField('organisation', organisation?.name);
  return plainForm(
    [name],
    organisation ? 'Rename' : 'Create organisation',
    async () => {
      const body = { name: valueIn(name) };
      if (!body.name) throw wrongField('name', 'Enter a name.');
      const path = '/api/organisations';
      /** @type {OrganisationFigures} */
      const made = organisation ? await patch(`${path}/${organisation.id}`, body) : await post(path, body);
      saved({ ...made, figures: organisation?.figures ?? NOTHING });
    },
    { cancel, about: { organisation_exists: 'name' } },
  );
}

const NOTHING = { users: 0, administrators: 0, batches: 0, open: 0, files: 0, bytes: 0 };

/**
 * Hosts and networks besides public ones.
 * @param {string} path
 */
function reachSection(path) {
  const box = h('div.stack.tight');
  const node = h('section.stack.tight', h('h3', 'What it may reach'), box);

  /** @param {Allowance} found */
  function show(found) {
    const { allow, installation } = found;
    const change = button('Change list', 'edit', () => edit(found), { class: 'btn small' });
    box.replaceChildren(
      h('p', allow.length ? 'Public addresses, and these hosts and networks:' : 'Public addresses only.'),
      h(
        'ul.plain-list',
        allow.map((entry) => h('li', h('code', entry))),
      ),
      h('p.dim', installation.length ? `The installation’s settings add ${installation.join(', ')}.` : ''),
      h('div.actions', change),
    );
    return change;
  }

  /** @param {Allowance} found */
  function edit(found) {
    const entries = h('textarea.input.mono', { rows: 4, spellcheck: 'false' }, found.allow.join('\n'));
    const help = 'One per line, such as files.intranet or 10.1.0.0/16.';
    const editor = plainForm(
      [field('reach-allow', 'Hosts and networks besides public ones', entries, help)],
      'Save list',
      async () => {
        const lines = entries.value.split('\n').map((line) => line.trim());
        /** @type {Allowance} */
        const saved = await request('PUT', path, { allow: lines.filter(Boolean) });
        toast('The list is saved');
        show(saved).focus();
      },
      { about: { allowance_not_valid: 'allow' } },
    );
    find('.actions', editor).append(button('Cancel', null, () => show(found).focus()));
    box.replaceChildren(editor);
    entries.focus();
  }

  const { leave } = loader({
    /** @returns {Promise<Allowance>} */
    load: () => get(path),
    draw: show,
    failed: (error) => box.replaceChildren(errorNote(errorText(error))),
  });
  return { node, leave };
}

/** @param {OrganisationFigures} organisation @param {DetailTools} tools */
function detail(organisation, { again, edit }) {
  const { id, name, figures } = organisation;
  const path = `/api/organisations/${id}`;
  const place = h('div', { 'aria-live': 'polite' });
  const sections = [usersSection(path), limitsSection(`${path}/limits`), reachSection(`${path}/outbound-allow`)];
  const inviteButton = button('Invite somebody', 'mail', () => {
    place.replaceChildren(
      invitationForm(
        `${path}/invitations`,
        {
          made() {},
          closed() {
            place.replaceChildren();
            inviteButton.focus();
          },
        },
        { role: figures.administrators ? 'member' : 'admin' },
      ),
    );
    find('input', place).focus();
  });
  const disabled = organisation.disabled_at;
  const toggle = disabled
    ? actionButton('Enable', 'play', () => setDisabled(organisation, false, again))
    : actionButton('Disable…', 'stop', () => disableOrganisation(organisation, again));
  const erase = button('Erase…', 'trash', () => eraseOrganisation(organisation, again), { class: 'btn danger' });
  const facts = [
    h('span', h('b', plural(figures.users, 'user'))),
    h('span', h('b', plural(figures.batches, 'batch', 'batches')), figures.open ? `, ${figures.open} open` : ''),
    h('span', h('b', plural(figures.files, 'file')), `, ${fileSize(figures.bytes)}`),
    h('span', 'Made ', h('b', date(organisation.created_at))),
  ];
  return {
    nodes: [
      detailHeader(name, facts, [inviteButton, edit, toggle, erase]),
      disabled &&
        h(
          'p.note',
          { 'data-state': 'paused' },
          icon('info'),
          h('span', `Disabled since ${dateTime(disabled)}: nobody of it gets in, and nothing of it starts.`),
        ),
      !figures.administrators &&
        h(
          'p.note',
          { 'data-state': 'paused' },
          icon('info'),
          h('span', 'Nobody administers this organisation. Invite its first administrator.'),
        ),
      place,
      h(
        'div.stack.loose',
        sections.map(({ node }) => node),
        h(
          'section.stack.tight',
          h('h3', 'Export'),
          h('p.intro', 'Everything it has, as JSON lines and contents. On the machine of the service:'),
          h('code.code', { tabindex: 0 }, `tranche organisations export ${quoted(name)} FOLDER`),
        ),
      ),
    ],
    leave() {
      for (const section of sections) section.leave();
    },
  };
}

/** As a shell takes it. @param {string} word */
const quoted = (word) => (/^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** @param {OrganisationFigures} organisation @param {boolean} disabled @param {() => void} again */
async function setDisabled({ id, name }, disabled, again) {
  try {
    await patch(`/api/organisations/${id}`, { disabled });
    toast(`${name} is ${disabled ? 'disabled' : 'enabled'}`);
    again();
  } catch (error) {
    toast(errorText(error));
  }
}

/** @param {OrganisationFigures} organisation @param {() => void} again */
async function disableOrganisation(organisation, again) {
  const { name } = organisation;
  const meant =
    'Its people are signed out and its keys are refused. Its batches, schedules and webhooks rest, and its result codes are closed. Everything goes on once you enable it again; people sign in anew.';
  if (await confirmAction(`Disable ${name}?`, meant, 'Disable organisation'))
    await setDisabled(organisation, true, again);
}

/** @param {OrganisationFigures} organisation @param {() => void} again */
async function eraseOrganisation({ id, name, figures }, again) {
  const lost = `Its ${plural(figures.users, 'user')}, ${plural(figures.batches, 'batch', 'batches')} and ${plural(figures.files, 'file')} are removed for good, in the next minutes. Nobody can bring them back.`;
  if (!(await confirmAction(`Erase ${name}?`, lost, 'Erase organisation', { typed: name }))) return;
  try {
    await post(`/api/organisations/${id}/erase`, { name });
    toast(`${name} is being erased`);
    go('#/organisations');
    again();
  } catch (error) {
    toast(errorText(error));
  }
}

/** @type {ScreenFactory} */
export const organisationsScreen = masterDetailScreen({
  title: 'Organisations',
  path: 'organisations',
  create: 'New organisation',
  needs: 'operate',
  listItem,
  form,
  detail,
  none: () => emptyState('No organisations', 'Make one for each customer or department: none sees what another has.'),
});

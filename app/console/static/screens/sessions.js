// The browsers that are signed in: one's own, or everybody's for administrators; an end to one or to all.
import { errorText, get, remove } from '../api.js';
import { button, h } from '../dom.js';
import { date, dateTime, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { stateLabel } from '../parts/states.js';
import { session } from '../shell.js';

/** @import { SignedIn } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

const PAGE = 200;

/** @param {string} iso */
const moment = (iso) => h('time', { datetime: iso, title: dateTime(iso) }, timeAgo(iso));

/** The earlier of the two ends. @param {SignedIn} one */
const endOf = (one) => [one.expires_at, one.idle_ends_at].sort()[0];

export function sessionsScreen() {
  const { body } = page('Sessions', {
    actions: [button('Sign out everywhere…', 'stop', () => signOutEverywhere(), { class: 'btn danger' })],
    intro: 'A session ends with the key that it was opened with, and when its browser was not used for some days.',
  });
  const trouble = h('div');
  const nothing = emptyState('Nobody is signed in', 'Programs send a key with each request and have no session.');
  nothing.hidden = true;
  const all = h('input', { type: 'checkbox', id: 'sessions-all' });
  const filter = h('label.tick', all, 'Everybody’s');
  filter.hidden = !session?.permissions.includes('admin');
  const more = actionButton('Show more', null, loadMore);
  more.hidden = true;
  /** @type {SignedIn[]} */
  let shown = [];
  /** @type {string | null} */
  let cursor = null;

  const table = dataTable({
    caption: 'Sessions',
    keyOf: byId,
    /** @type {Column<SignedIn>[]} */
    columns: [
      {
        label: 'Browser',
        cell: (one) => [
          h('span.name', one.device ?? 'Unknown browser'),
          one.current && [' ', stateLabel('completed', 'This browser')],
        ],
      },
      { label: 'User', cell: (one) => one.user_name },
      { label: 'Address', kind: 'mono', cell: (one) => one.client_address ?? '' },
      { label: 'Signed in', kind: 'dim', cell: (one) => [moment(one.created_at), ` with ${one.key_name ?? 'a link'}`] },
      { label: 'Last used', kind: 'dim', cell: (one) => moment(one.last_used_at) },
      { label: 'Ends', kind: 'dim', cell: (one) => date(endOf(one)) },
      {
        label: '',
        kind: 'k-act',
        cell: (one) =>
          button('End…', null, () => end(one), {
            class: 'btn small danger',
            'aria-label': `End the session of ${one.user_name}, ${one.device ?? 'unknown browser'}`,
          }),
      },
    ],
  });
  body.append(filter, trouble, table.node, more, nothing);

  /** @param {string | null} [after] @returns {Promise<{ sessions: SignedIn[], next_cursor: string | null }>} */
  const load = (after = null) =>
    get('/api/sessions', { whose: all.checked ? 'organisation' : 'mine', limit: PAGE, cursor: after });

  function draw() {
    table.draw(shown);
    table.node.hidden = !shown.length;
    nothing.hidden = shown.length > 0;
    more.hidden = !cursor;
  }

  const list = loader({
    load,
    draw(answer) {
      trouble.replaceChildren();
      shown = answer.sessions;
      cursor = answer.next_cursor;
      draw();
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });
  all.addEventListener('change', list.again);

  async function loadMore() {
    try {
      const answer = await load(cursor);
      shown = [...shown, ...answer.sessions];
      cursor = answer.next_cursor;
      draw();
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {SignedIn} one */
  async function end(one) {
    const what = one.current ? 'You are signed out of this browser.' : 'That browser is signed out at once.';
    if (!(await confirmAction(`End this session of ${one.user_name}?`, what, 'End session'))) return;
    try {
      await remove(`/api/sessions/${one.id}`);
      if (!one.current) toast('Session ended');
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  async function signOutEverywhere() {
    const what = 'All your browsers are signed out, this one too. Keys go on working.';
    if (!(await confirmAction('Sign out everywhere?', what, 'Sign out'))) return;
    try {
      await remove('/api/sessions');
      location.reload(); // a new page has nothing in it of who was here
    } catch (error) {
      toast(errorText(error));
    }
  }

  return list;
}

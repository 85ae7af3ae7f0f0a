// The tabs of who belongs to the organisation: its users, and whom it invited.
import { h } from '../dom.js';

/** @param {'users' | 'invitations'} current */
export const peopleTabs = (current) =>
  h(
    'nav.tabs',
    { 'aria-label': 'People' },
    h('a', { href: '#/users', 'aria-current': current === 'users' && 'page' }, 'Users'),
    h('a', { href: '#/invitations', 'aria-current': current === 'invitations' && 'page' }, 'Invitations'),
  );

// What stands around every screen: navigation, crumbs, who is signed in, how busy the service is.
import { get, remove } from './api.js';
import { find, findAll, h, setAttr, setText } from './dom.js';
import { fileSize, formatNumber } from './format.js';
import { OPEN } from './parts/states.js';

const REFRESH_EVERY = 10_000;
/** @type {number | undefined} */
let timer;

/** @import { BatchCounts, Session, Status } from '../api.d.ts' */

/**
 * `parts` are [label, href]; the last one, without href, is the current page.
 * @param {...[label: string, href?: string]} parts
 */
export function setBreadcrumbs(...parts) {
  const nodes = parts.map(([label, href]) =>
    href ? h('a', { href }, label) : h('span', { 'aria-current': 'page' }, label),
  );
  const slash = () => h('span', { 'aria-hidden': 'true' }, '/');
  find('#crumbs').replaceChildren(...nodes.flatMap((node, at) => (at ? [slash(), node] : [node])));
}

/** @param {string} title */
export function setTitle(title) {
  document.title = `${title} · Tranche`;
}

/**
 * Shows either the shell or, for signing in, the bare page.
 * @param {string} screenName
 */
export function showShell(screenName) {
  const bare = screenName === 'sign-in';
  find('#shell').hidden = bare;
  find('#bare').hidden = !bare;
  find('.skip').hidden = bare;
  find(bare ? '#main' : '#bare').replaceChildren();
  const side = find('#side');
  if (side.matches(':popover-open')) side.hidePopover();
  for (const link of findAll('#side li a')) {
    setAttr(link, 'aria-current', link.getAttribute('href') === `#/${screenName}` ? 'page' : null);
  }
  if (bare) clearTimeout(timer);
}

/**
 * Puts a screen's root into the page.
 * @param {Node} root
 */
export function mount(root, target = '#main') {
  find(target).replaceChildren(root);
}

/** @param {string} id @param {string} label @param {number} value @param {number} max */
function drawGauge(id, label, value, max) {
  const box = find(id);
  box.hidden = !max;
  /** @type {HTMLProgressElement} */
  const meter = find('progress', box);
  setText(box.children[1], label);
  setAttr(meter, 'max', max);
  meter.value = value;
}

/** @type {Status | null} The latest answer of /api/status; null until there is one. */
export let status = null;

async function refreshStatus() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const [about, { by_status: counts }] = await Promise.all([
        /** @type {Promise<Status>} */ (get('/api/status')),
        /** @type {Promise<BatchCounts>} */ (get('/api/batches/counts')),
      ]);
      status = about;
      const { slots, disk } = about;
      const open = OPEN.reduce((sum, one) => sum + counts[one], 0);
      setText(find('#open-batches'), open ? formatNumber(open) : '');
      drawGauge('#slots', `${slots.used} of ${slots.total}`, slots.used, slots.total);
      // Exact figures are for operators; others are told when room becomes short.
      const { free, total } = disk;
      const known = free !== null && total !== null;
      if (known) drawGauge('#disk', fileSize(free), total - free, total);
      else find('#disk').hidden = true;
      const short = disk.state === 'full' ? 'The disk is full.' : 'The disk is nearly full.';
      setText(find('#disk-state'), known || disk.state === 'ok' ? '' : short);
    } catch {
      // The next refresh tries again; the screens themselves say when the service is away.
    }
  }
  clearTimeout(timer);
  timer = setTimeout(refreshStatus, REFRESH_EVERY);
}

/** @type {Session | null} Who is signed in, and what they may; null until that is known. */
export let session = null;

/** @param {Session} made */
export function showSession(made) {
  session = made;
  find('#system').hidden = !session.user.operator;
  setText(find('#who'), session.user.email || session.user.name);
  setText(find('#version'), `tranche ${session.version}`);
  refreshStatus();
}

/** @param {() => void} signedOut */
export function setUpShell(signedOut) {
  find('#theme').addEventListener('click', () => {
    const root = document.documentElement;
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    root.dataset.theme = (root.dataset.theme ?? system) === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem('theme', root.dataset.theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  });
  find('#sign-out').addEventListener('click', async () => {
    await remove('/api/session').catch(() => {});
    signedOut();
  });
  find('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    find('main:not([hidden])').focus();
  });
}

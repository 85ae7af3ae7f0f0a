// What stands around every screen: navigation, crumbs, who is signed in, how busy the service is.
import { ApiError, errorText, get, onNearLimit, remove } from './api.js';
import { find, findAll, h, icon, setAttr, setText } from './dom.js';
import { fileSize, formatNumber } from './format.js';
import { OPEN } from './parts/states.js';

const REFRESH_EVERY = 10_000;
const LIMITS_EVERY = 60_000;
/** @type {Record<string, string>} screens that are reached through tabs of another */
const BESIDE = { invitations: 'users' };
/** @type {number | undefined} */
let timer;
/** @type {number | undefined} */
let limitsTimer;

/** @import { BatchCounts, Permission, Session, Status, Usage, Wrong } from '../api.d.ts' */

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
  const entry = `#/${BESIDE[screenName] ?? screenName}`;
  for (const link of findAll('#side li a')) {
    setAttr(link, 'aria-current', link.getAttribute('href') === entry ? 'page' : null);
  }
  if (!bare) return;
  clearTimeout(timer);
  clearInterval(limitsTimer);
}

/**
 * Puts a screen's root into the page.
 * @param {Node} root
 */
export function mount(root, target = '#main') {
  find(target).replaceChildren(root);
}

/**
 * Whether the key or session at hand has a permission; before that is known, whether it may is for the service to say.
 * @param {Permission} permission
 */
export const may = (permission) => !session || session.permissions.includes(permission);

/**
 * Whether the key at hand opens the pipeline that a screen is about; `all` is for what concerns every pipeline.
 * @param {string} pipeline
 */
export const opens = (pipeline) => !session?.pipelines || session.pipelines.includes(pipeline);

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

const PLAIN = 'Not everything works just now, so results may come late. Nothing that was submitted is lost.';

/**
 * Says on every screen what is wrong: to those who run the service in its own words, to everybody else that it is known.
 * @param {Pick<Wrong, 'sentence'>[]} wrong
 */
function drawTrouble(wrong) {
  const note = find('#trouble');
  const told = may('operate') ? wrong.map(({ sentence }) => sentence).join(' ') : PLAIN;
  const said = wrong.length ? told : '';
  note.hidden = !said;
  if (note.dataset.said === said) return; // a screen reader would read it anew
  note.dataset.said = said;
  const link = may('operate') ? h('a', { href: '#/workers' }, 'Workers') : '';
  note.replaceChildren(icon('warning'), h('span', `${said} `, link));
}

/** What is wrong where the status cannot be had: `/readyz` needs no database to say so. @param {ApiError} outage */
async function troubleBehind(outage) {
  try {
    return /** @type {{ wrong: Wrong[] }} */ (await get('/readyz')).wrong;
  } catch (error) {
    const wrong = error instanceof ApiError ? error.problem.wrong : null;
    return wrong?.length ? wrong : [{ sentence: errorText(outage) }];
  }
}

async function refreshStatus() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const [about, { by_status: counts }] = await Promise.all([
        /** @type {Promise<Status>} */ (get('/api/status')),
        /** @type {Promise<BatchCounts>} */ (get('/api/batches/counts')),
      ]);
      status = about;
      drawTrouble(about.wrong);
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
    } catch (error) {
      // The next refresh tries again.
      if (error instanceof ApiError && error.isOutage) drawTrouble(await troubleBehind(error));
    }
  }
  clearTimeout(timer);
  timer = setTimeout(refreshStatus, REFRESH_EVERY);
}

/** Says on every screen which limits the organisation is near, with what an answer that brings it there tells as well. */
async function refreshLimits() {
  try {
    const { warnings } = /** @type {Usage} */ (await get('/api/organisation/usage'));
    const note = find('#near-limits');
    note.hidden = !warnings.length;
    note.replaceChildren(icon('warning'), h('span', `${warnings.join(' ')} `, h('a', { href: '#/usage' }, 'Usage')));
  } catch {
    // The screen of the usage says when the service is away.
  }
}

/**
 * Why the caller may not change what `maker` made; empty when they may. The service has the last word.
 * @param {{ id: string, name: string } | null} maker
 */
export function changeReason(maker) {
  if (!may('manage')) return 'Your role changes nothing';
  const isOwn = !session || maker?.id === session.user.id;
  if (isOwn || session?.user.role === 'admin' || session?.organisation.members_manage_all) return '';
  return `${maker?.name ?? 'Somebody who is gone'} made it, and you change only what you made`;
}

/** @type {Session | null} Who is signed in, and what they may; null until that is known. */
export let session = null;

/** @param {Session} made */
export function showSession(made) {
  session = made;
  document.documentElement.dataset.may = session.permissions.join(' '); // hides what has other `data-needs`
  for (const entry of findAll('[data-opens]')) entry.hidden = !opens(entry.dataset.opens ?? '');
  setText(find('#who'), `${session.user.email || session.user.name}, ${session.organisation.name}`);
  setText(find('#version'), `tranche ${session.version}`);
  refreshStatus();
  refreshLimits();
  clearInterval(limitsTimer);
  limitsTimer = setInterval(() => !document.hidden && refreshLimits(), LIMITS_EVERY);
}

/** @param {() => void} signedOut */
export function setUpShell(signedOut) {
  onNearLimit(refreshLimits);
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
    const elsewhere = session?.sign_out_path;
    await remove('/api/session').catch(() => {});
    if (elsewhere) location.assign(elsewhere);
    else signedOut();
  });
  find('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    find('main:not([hidden])').focus();
  });
}

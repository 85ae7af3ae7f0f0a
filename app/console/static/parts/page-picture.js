// The page of a sheet beside the swim that was read from it, with its row marked.
import { errorText, fetchHeaders, queryString } from '../api.js';
import { button, find, findOptional, h, icon, setAttr } from '../dom.js';
import { urlOf } from '../root.js';
import { loadStyles } from '../router.js';
import { errorNote } from './page.js';

/**
 * @typedef {object} PageOfSheet
 * @property {string} extraction the id of the extraction
 * @property {string | null} [filename]
 * @property {number} page from 1
 * @property {number | null} [pages] how many there are, where it is known
 * @property {number} [swim] its place among the swims of the extraction, from 0
 * @property {string} [about] what stands in the marked row
 */

const WIDTHS = [800, 1200, 1600, 2400];
const FULL = 2400;

/**
 * Whether a file has pages to show: a file of results has none. What its name does not say is found out by asking.
 * @param {string | null | undefined} filename
 */
export const hasPages = (filename) => !/\.(lef|lxf|hy3|hyv|cl2|sd3|sdif|zip|html?|xml)$/i.test(filename ?? '');

/** @param {PageOfSheet} sheet @param {number} width */
const addressOf = ({ extraction, page, swim }, width) =>
  urlOf(`/api/extractions/${extraction}/pages/${page}${queryString({ swim, width })}`);

/** @returns {HTMLDialogElement} */
const dialog = () => find('#page-view');

/** @type {HTMLElement | null} what opened the page, and gets the focus back */
let opener = null;
let round = 0;

export function closePage() {
  if (dialog().open) dialog().close();
}

function onClose() {
  round += 1;
  removeEventListener('keydown', onKey, true);
  removeEventListener('hashchange', closePage);
  for (const row of document.querySelectorAll('tr[data-shown]')) row.removeAttribute('data-shown');
  const back = opener?.isConnected ? opener : findOptional('#drawer[open] #drawer-title');
  opener = null;
  dialog().replaceChildren();
  back?.focus();
}

// Before anybody else hears of it: Escape closes the page and not the drawer beside it.
/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key !== 'Escape' || !dialog().open || find('#help').hasAttribute('open')) return;
  event.preventDefault();
  event.stopPropagation();
  closePage();
}

/**
 * Shows a page beside what was pressed; on a narrow screen above it.
 * @param {HTMLElement} from
 * @param {PageOfSheet} sheet
 */
async function showPage(from, sheet) {
  const box = dialog();
  await loadStyles('sheets');
  if (!from.isConnected) return;
  for (const row of document.querySelectorAll('tr[data-shown]')) row.removeAttribute('data-shown');
  from.closest('tr')?.setAttribute('data-shown', '');
  opener = from;
  if (!box.open) {
    if (matchMedia('(width < 64rem)').matches) box.showModal();
    else box.show();
    box.addEventListener('close', onClose, { once: true });
    addEventListener('keydown', onKey, true);
    addEventListener('hashchange', closePage);
  }
  await draw(sheet);
}

/**
 * What a button does that shows a page.
 * @param {PageOfSheet} sheet
 */
export const showing =
  (sheet) =>
  (/** @type {Event} */ { currentTarget: from }) =>
    showPage(/** @type {HTMLElement} */ (from), sheet);

/** @param {PageOfSheet} sheet */
async function draw(sheet) {
  round += 1;
  const mine = round;
  const { page, pages, filename, swim } = sheet;
  const title = `Page ${page}${pages ? ` of ${pages}` : ''}`;
  const room = h('div.page-room', { tabindex: 0, role: 'region', 'aria-label': title, 'aria-busy': 'true' });
  /** @param {number} to @param {string} label @param {string} kind */
  const turn = (to, label, kind) =>
    h(
      `button.btn.quiet.square.small${kind}`,
      {
        'aria-label': label,
        disabled: to < 1 || (pages ? to > pages : false),
        onclick: () => draw({ ...sheet, page: to, swim: undefined, about: undefined }),
      },
      icon('chevron'),
    );
  dialog().replaceChildren(
    h(
      'div.drawer-head',
      h(
        'div.stack.tight',
        h('p.dim.cut', filename ?? 'Sheet'),
        h('h2', { id: 'page-title', tabindex: -1 }, title),
        sheet.about && swim !== undefined ? h('p.facts', sheet.about) : null,
      ),
      h(
        'div.drawer-nav',
        turn(page - 1, 'Previous page', '.up'),
        turn(page + 1, 'Next page', '.down'),
        h('a.btn.quiet.small', { href: addressOf(sheet, FULL), target: '_blank', rel: 'noopener' }, 'Full size'),
        button(h('span.sr', 'Close the page'), 'close', closePage, { class: 'btn quiet square small' }),
      ),
    ),
    room,
  );
  find('#page-title').focus();
  const needed = room.clientWidth * devicePixelRatio;
  const address = addressOf(sheet, WIDTHS.find((width) => width >= needed) ?? FULL);
  try {
    // An image says neither why it cannot be loaded nor where the row is; afterwards it comes from the browser's cache.
    const headers = await fetchHeaders(address);
    if (mine !== round) return;
    const place = headers.get('Highlighted-Row')?.split('-').map(Number);
    const marked = place && sheet.about ? `; marked: ${sheet.about}` : '';
    const picture = h('img', { src: address, alt: `${title} of ${filename ?? 'the sheet'}${marked}` });
    room.replaceChildren(picture);
    await picture.decode().catch(() => {});
    if (mine !== round) return;
    setAttr(room, 'aria-busy', null);
    if (place) room.scrollTop = ((place[0] + place[1]) / 2) * picture.clientHeight - room.clientHeight / 2;
  } catch (error) {
    if (mine !== round) return;
    setAttr(room, 'aria-busy', null);
    room.replaceChildren(errorNote(errorText(error)));
  }
}

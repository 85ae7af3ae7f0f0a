// Links that open results without a key: those there are, making one, revoking one.
import { errorText, get, post, remove } from '../api.js';
import { announce, button, h, icon } from '../dom.js';
import { date } from '../format.js';
import { confirmAction, toast } from './overlays.js';

/** @import { Batch, Page, ResultCode } from '../../api.d.ts' */

const LIFETIMES = [
  ['', 'as long as the results are kept'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
  ['2592000', 'for 30 days'],
];

/**
 * What a code opens as a whole address; the service may say it without its host.
 * @param {string} page
 */
const absolute = (page) => new URL(page, location.href).href;

/** @param {ResultCode} code @param {(id: string) => void} gone */
function lineOf({ id, code, links, expires_at: until }, gone) {
  const lifetime = h('span.dim', until ? `works until ${date(until)}` : 'works as long as the results are kept');
  const copy =
    links &&
    navigator.clipboard &&
    button(
      'Copy link',
      'copy',
      async () => {
        await navigator.clipboard.writeText(absolute(links.page));
        announce('Link copied');
        toast('Link copied');
      },
      { class: 'btn small' },
    );
  return h(
    'li',
    links
      ? h('a.mono.cut', { href: links.page, target: '_blank', rel: 'noopener' }, code)
      : h('span.dim', 'created by another installation'),
    lifetime,
    copy,
    button('Revoke…', null, () => gone(id), { class: 'btn small danger', 'aria-label': `Revoke ${code ?? 'code'}` }),
  );
}

/**
 * Links to what `path`, a batch or a job, has: `node` to show, `open()` to read what there is.
 * @param {string} path
 * @param {string} what
 */
export function shareLinks(path, what) {
  const list = h('ul.codes');
  const problem = h('p.error', { role: 'alert' });
  const life = h(
    'select',
    LIFETIMES.map(([value, label]) => h('option', { value }, label)),
  );
  const make = button('Create link', 'share', add, { class: 'btn small' });
  const node = h(
    'div.stack.tight',
    h('p.dim', `Anyone with a link can see ${what} without a key, and nothing else.`),
    list,
    h('div.toolbar', make, h('label.filter', 'works', life)),
    problem,
  );

  async function open() {
    try {
      /** @type {Page<'result_codes', ResultCode>} */
      const { result_codes: codes } = await get(`${path}/result-codes`);
      list.replaceChildren(...codes.map((one) => lineOf(one, revoke)));
    } catch (error) {
      problem.textContent = errorText(error);
    }
  }

  async function add() {
    problem.textContent = '';
    try {
      await post(`${path}/result-codes`, life.value ? { expires_in: Number(life.value) } : {});
      await open();
      list.querySelector('a')?.focus();
    } catch (error) {
      problem.textContent = errorText(error);
    }
  }

  /** @param {string} id */
  async function revoke(id) {
    if (
      !(await confirmAction(
        'Revoke this link?',
        'It stops working at once, wherever it was sent. This cannot be undone.',
        'Revoke link',
      ))
    )
      return;
    try {
      await remove(`/api/result-codes/${id}`);
      toast('Link revoked');
    } catch (error) {
      toast(errorText(error));
    }
    await open();
    make.focus();
  }

  return { node, open };
}

/**
 * The panel on a batch page, opened by its button.
 * @param {HTMLElement} box
 * @param {Batch} batch
 */
export function sharePanel(box, batch) {
  const { node, open } = shareLinks(`/api/batches/${batch.id}`, 'the results of this batch');
  box.append(
    h(
      'header',
      h('h2', 'Share'),
      button(
        icon('close'),
        null,
        () => {
          box.hidden = true;
        },
        { class: 'btn quiet small square', 'aria-label': 'Close sharing' },
      ),
    ),
    node,
  );
  return () => {
    box.hidden = !box.hidden;
    if (!box.hidden) open().then(() => node.querySelector('button')?.focus());
  };
}

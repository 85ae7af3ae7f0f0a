// Links that open results without a key: the codes there are, a new one, and taking one back.
import { get, post, remove } from '../api.js';
import { announce, button, h, icon } from '../dom.js';
import { confirmAction, toast } from './overlays.js';

const LIFETIMES = [
  ['', 'as long as the results are kept'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
  ['2592000', 'for 30 days'],
];
const day = (iso) => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** What a code opens as a whole address; the service may say it without its host. */
const absolute = (page) => new URL(page, location.href).href;

function lineOf({ id, code, links, expires_at: until }, gone) {
  const until_ = h('span.dim', until ? `works until ${day(until)}` : 'works as long as the results are kept');
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
      : h('span.dim', 'made by another installation'),
    until_,
    copy,
    button('Revoke…', null, () => gone(id), { class: 'btn small danger', 'aria-label': `Revoke ${code ?? 'code'}` }),
  );
}

/** Links to what `path`, a batch or a job, has: `node` to show, `open()` to read what there is. */
export function shareLinks(path, what) {
  const list = h('ul.codes');
  const fault = h('p.error', { role: 'alert' });
  const life = h(
    'select',
    LIFETIMES.map(([value, label]) => h('option', { value }, label)),
  );
  const make = button('Make a link', 'share', add, { class: 'btn small' });
  const node = h(
    'div.stack.tight',
    h('p.dim', `Whoever has a link sees ${what} without a key, and nothing else.`),
    list,
    h('div.toolbar', make, h('label.filter', 'works', life)),
    fault,
  );

  async function open() {
    try {
      const { result_codes: codes } = await get(`${path}/result-codes`);
      list.replaceChildren(...codes.map((one) => lineOf(one, revoke)));
    } catch (error) {
      fault.textContent = error.message;
    }
  }

  async function add() {
    fault.textContent = '';
    try {
      await post(`${path}/result-codes`, life.value ? { expires_in: Number(life.value) } : {});
      await open();
      list.querySelector('a')?.focus();
    } catch (error) {
      fault.textContent = error.message;
    }
  }

  async function revoke(id) {
    if (
      !(await confirmAction(
        'Revoke this link?',
        'It opens nothing from now on, wherever it was sent. There is no way back.',
        'Revoke link',
      ))
    )
      return;
    try {
      await remove(`/api/result-codes/${id}`);
      toast('Link revoked');
    } catch (error) {
      toast(error.message);
    }
    await open();
    make.focus();
  }

  return { node, open };
}

/** The panel on a batch page, opened by its button. */
export function sharePanel(box, batch) {
  const { node, open } = shareLinks(`/api/batches/${batch.id}`, 'the results of this batch');
  box.append(
    h(
      'header',
      h('h2', 'Share'),
      button(
        '',
        null,
        () => {
          box.hidden = true;
        },
        { class: 'btn quiet small square', 'aria-label': 'Close sharing' },
      ),
    ),
    node,
  );
  box.querySelector('header button').append(icon('close'));
  return () => {
    box.hidden = !box.hidden;
    if (!box.hidden) open().then(() => node.querySelector('button').focus());
  };
}

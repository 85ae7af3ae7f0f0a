// A secret that is shown only once: it stays until the reader confirms that it is stored.
import { announce, button, h, icon } from '../dom.js';
import { toast } from './overlays.js';

/** @import { Act } from '../../types.d.ts' */

/**
 * `done` is called once the reader has stored it; without it the note just goes. `advice` says what to do with it.
 * @param {string} what
 * @param {string} secret
 * @param {Act} [done]
 * @param {string} [advice]
 */
export function secretNote(what, secret, done, advice = 'Store it where your program can find it.') {
  // Browsers give pages without https or localhost no clipboard; the text can then only be selected.
  const copy =
    navigator.clipboard &&
    button(
      'Copy',
      'copy',
      async () => {
        await navigator.clipboard.writeText(secret);
        announce('Copied');
        toast('Copied');
      },
      { class: 'btn small' },
    );
  /** @type {HTMLElement} */
  const node = h(
    'div.note',
    { 'data-state': 'paused' },
    icon('key'),
    h(
      'div.stack.tight',
      h('p', h('b', what), ` is shown only once. ${advice}`),
      h(
        'div.toolbar',
        h('code.secret', { tabindex: 0 }, secret),
        copy,
        button('Done', null, () => (done ? done() : node.remove()), { class: 'btn small quiet' }),
      ),
    ),
  );
  return node;
}

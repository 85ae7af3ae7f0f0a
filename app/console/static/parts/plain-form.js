// Forms that send what was entered and show what the service refuses.
import { ApiError, fieldErrorText, messageOf } from '../api.js';
import { findAll, findOptional, h, setAttr, setText } from '../dom.js';
import { capitalize } from '../format.js';

/** @import { FieldError } from '../../api.d.ts' */
/** @import { Child, Choice } from '../../types.d.ts' */

/**
 * A form that calls `send` and shows what the service refuses: under the field that it is about, or at the end. `send` throws
 * it. `place` may put errors under fields of its own and gives back the rest; `about` says which field the other problems are
 * about, by their codes; `cancel` is where a link leads that changes nothing.
 * @param {Child[]} fields
 * @param {string} submit
 * @param {() => Promise<unknown>} send
 * @param {{ cancel?: string, place?: (errors: FieldError[]) => FieldError[], about?: Record<string, string> }} [options]
 */
export function plainForm(fields, submit, send, { cancel, place = (errors) => errors, about = {} } = {}) {
  const problem = h('p.error', { role: 'alert' });
  const submitButton = h('button.btn.primary', { type: 'submit' }, submit);
  const node = h(
    'form.stack.narrow',
    { novalidate: true },
    fields,
    problem,
    h('div.actions', submitButton, cancel && h('a.btn', { href: cancel }, 'Cancel')),
  );

  /** @param {Element} input */
  const errorOf = (input) => findOptional(`#${input.id}-error`, node);

  /**
   * Shows an error under the innermost field that it names and that has room for it.
   * @param {FieldError} error
   */
  function showAtField({ loc, msg }) {
    for (let at = loc.length - 1; at >= 0; at -= 1) {
      const input = node.elements.namedItem(String(loc[at]));
      const room = input instanceof HTMLElement && errorOf(input);
      if (!room) continue;
      setAttr(input, 'aria-invalid', 'true');
      setText(room, capitalize(fieldErrorText({ loc: loc.slice(at), msg })));
      return true;
    }
    return false;
  }

  /** @param {unknown} error */
  function showError(error) {
    const wrong = error instanceof ApiError ? error : null;
    const name = about[wrong?.code ?? ''];
    const rest = wrong?.errors.length ? place(wrong.errors) : [{ loc: name ? [name] : [], msg: messageOf(error) }];
    const left = rest.filter((one) => !showAtField(one));
    problem.textContent = left.length ? fieldErrorText(left[0]) : '';
    findOptional('[name][aria-invalid]', node)?.focus();
  }

  function clear() {
    problem.textContent = '';
    for (const input of findAll('[name][aria-invalid]', node)) {
      setAttr(input, 'aria-invalid', null);
      const error = errorOf(input);
      if (error) error.textContent = '';
    }
  }

  node.addEventListener('submit', async () => {
    if (submitButton.getAttribute('aria-busy')) return;
    clear();
    setAttr(submitButton, 'aria-busy', 'true');
    try {
      await send();
    } catch (error) {
      showError(error);
    }
    setAttr(submitButton, 'aria-busy', null);
  });
  return node;
}

/**
 * What `send` throws about a field that the service need not be asked about.
 * @param {string} name
 * @param {string} msg
 */
export const wrongField = (name, msg) => new ApiError(422, { errors: [{ loc: ['body', name], msg }] });

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Input */

/**
 * `id` ends with the member of the API that is entered into it, as in `hook-url`: errors about it find it by that.
 * @param {string} id
 * @param {string} label
 * @param {Input} input
 * @param {string} [help]
 */
export function field(id, label, input, help) {
  input.id = id;
  input.name = id.slice(id.indexOf('-') + 1);
  input.setAttribute('aria-describedby', `${help ? `${id}-help ` : ''}${id}-error`);
  return h(
    'div.field',
    h('label', { for: id }, label),
    input,
    help && h('small', { id: `${id}-help` }, help),
    h('p.error', { id: `${id}-error`, role: 'alert' }),
  );
}

/**
 * What the form shows beside its fields, and cannot change.
 * @param {string} label
 * @param {string} value
 * @param {string} [help]
 */
export const readOnlyField = (label, value, help) =>
  h('div.field', h('b', label), h('span', value), help && h('small', help));

/**
 * Puts `options` into a select, and `chosen` when it is not among them (yet, or any more).
 * @param {HTMLSelectElement} select
 * @param {readonly Choice[]} options
 * @param {Choice | null | undefined} [chosen]
 */
export function fillSelect(select, options, chosen) {
  const all = chosen && !options.some(([value]) => value === chosen[0]) ? [...options, chosen] : options;
  const kept = select.options.length ? select.value : chosen?.[0];
  select.replaceChildren(...all.map(([key, label]) => h('option', { value: key }, label)));
  if (kept !== undefined) select.value = kept;
  return select;
}

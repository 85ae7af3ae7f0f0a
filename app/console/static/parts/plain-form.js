// Forms that send what was entered and show what the service refuses.
import { ApiError, fieldErrorText, messageOf } from '../api.js';
import { findAll, h, setAttr } from '../dom.js';

/** @import { FieldError } from '../../api.d.ts' */
/** @import { Child, Choice } from '../../types.d.ts' */

/**
 * A form that calls `send` and shows under its end what is wrong; `send` throws what the service refuses. `place` may put
 * errors under fields of its own and gives back the rest; `cancel` is where a link leads that changes nothing.
 * @param {Child[]} fields
 * @param {string} submit
 * @param {() => Promise<unknown>} send
 * @param {{ cancel?: string, place?: (errors: FieldError[]) => FieldError[] }} [options]
 */
export function plainForm(fields, submit, send, { cancel, place = (errors) => errors } = {}) {
  const problem = h('p.error', { role: 'alert' });
  const submitButton = h('button.btn.primary', { type: 'submit' }, submit);
  const node = h(
    'form.stack.narrow',
    { novalidate: true },
    fields,
    problem,
    h('div.actions', submitButton, cancel && h('a.btn', { href: cancel }, 'Cancel')),
  );

  /** The innermost field that an error names. @param {FieldError} error */
  function inputOf({ loc }) {
    const inputs = loc.map((part) => node.elements.namedItem(String(part)));
    return inputs.findLast((input) => input instanceof HTMLElement);
  }

  /** @param {unknown} error */
  function showError(error) {
    const errors = error instanceof ApiError ? error.errors : [];
    const [first] = place(errors);
    if (errors.length && !first) return;
    problem.textContent = first ? fieldErrorText(first) : messageOf(error);
    const input = first && inputOf(first);
    if (!input) return;
    setAttr(input, 'aria-invalid', 'true');
    input.focus();
  }

  node.addEventListener('submit', async () => {
    if (submitButton.getAttribute('aria-busy')) return;
    problem.textContent = '';
    for (const input of findAll('[name][aria-invalid]', node)) setAttr(input, 'aria-invalid', null);
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
  if (help) input.setAttribute('aria-describedby', `${id}-help`);
  return h('div.field', h('label', { for: id }, label), input, help && h('small', { id: `${id}-help` }, help));
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

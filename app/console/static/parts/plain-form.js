// Forms that send what was written and put what the service refuses into a sentence.
import { findAll, h, setAttr } from '../dom.js';

/**
 * A form that calls `send` and shows under its end what is wrong; `send` throws what the service refuses. `place` may put
 * complaints under fields of its own and gives back the rest; `cancel` is where a link leads that leaves things as they are.
 */
export function plainForm(fields, submit, send, { cancel, place = (errors) => errors } = {}) {
  const fault = h('p.error', { role: 'alert' });
  const submitButton = h('button.btn.primary', { type: 'submit' }, submit);
  const node = h(
    'form.stack.narrow',
    { novalidate: true },
    fields,
    fault,
    h('div.actions', submitButton, cancel && h('a.btn', { href: cancel }, 'Cancel')),
  );

  function showError(error) {
    const rest = place(error.errors ?? []);
    if (error.errors?.length && !rest.length) return;
    fault.textContent = errorText({ message: error.message, errors: rest });
    const wrong = rest[0]?.loc.map((part) => node.elements.namedItem(part)).findLast((input) => input?.focus);
    if (!wrong) return;
    setAttr(wrong, 'aria-invalid', 'true');
    wrong.focus();
  }

  node.addEventListener('submit', async () => {
    if (submitButton.getAttribute('aria-busy')) return;
    fault.textContent = '';
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

/** A refusal as one sentence, with the first field it is about. */
export function errorText(error) {
  const [first] = error.errors ?? [];
  if (!first) return error.message;
  const where = first.loc
    .slice(1)
    .filter((part) => typeof part === 'string')
    .join(' ')
    .replaceAll('_', ' ');
  return where ? `${where}: ${first.msg}` : first.msg;
}

/** `id` ends with the member of the API that is written into it, as in `hook-url`: complaints about it find it so. */
export const field = (id, label, input, help) => {
  input.id = id;
  input.name = id.slice(id.indexOf('-') + 1);
  if (help) input.setAttribute('aria-describedby', `${id}-help`);
  return h('div.field', h('label', { for: id }, label), input, help && h('small', { id: `${id}-help` }, help));
};

/** What the form shows beside its fields, and cannot change. */
export const readOnlyField = (label, value, help) =>
  h('div.field', h('b', label), h('span', value), help && h('small', help));

/** An option for what is chosen now: it stands there before the others are loaded, or when it is no longer among them. */
export function fillSelect(select, options, chosen) {
  const all = chosen && !options.some(([value]) => value === chosen[0]) ? [...options, chosen] : options;
  const kept = select.options.length ? select.value : chosen?.[0];
  select.replaceChildren(...all.map(([key, label]) => h('option', { value: key }, label)));
  if (kept !== undefined) select.value = kept;
  return select;
}

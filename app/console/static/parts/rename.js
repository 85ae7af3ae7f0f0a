// The panel on a batch page that changes what the batch is called; its folder and its ZIP go with it.
import { patch } from '../api.js';
import { button, h, icon } from '../dom.js';
import { toast } from './overlays.js';
import { field, plainForm } from './plain-form.js';

/** @import { Batch } from '../../api.d.ts' */

/**
 * Opens the panel, or closes it. `changed` is called with the batch when it was renamed.
 * @param {HTMLElement} box
 * @param {Batch} batch
 * @param {(batch: Batch) => void} changed
 */
export function renamePanel(box, batch, changed) {
  const close = () => {
    box.hidden = true;
  };

  function draw() {
    const name = h('input.input', { maxlength: 255, autocomplete: 'off', value: batch.name });
    const customer = h('input.input', { maxlength: 20, autocomplete: 'off', value: batch.customer_prefix ?? '' });
    const form = plainForm(
      [
        field('rename-name', 'Name', name, 'Also the name of its folder and its ZIP.'),
        field('rename-customer_prefix', 'Customer', customer, 'Leave empty when it is nobody’s.'),
      ],
      'Save',
      async () => {
        const prefix = customer.value.trim() || null;
        const wanted = name.value.trim();
        /** @type {Batch} */
        const renamed = await patch(`/api/batches/${batch.id}`, {
          ...(wanted === batch.name ? {} : { name: wanted }),
          ...(prefix === batch.customer_prefix ? {} : { customer_prefix: prefix }),
        });
        close();
        toast('Saved');
        changed(renamed);
      },
    );
    const label = { class: 'btn quiet small square', 'aria-label': 'Close renaming' };
    box.replaceChildren(h('header', h('h2', 'Rename'), button(icon('close'), null, close, label)), form);
    name.focus();
    name.select();
  }

  return () => {
    box.hidden = !box.hidden;
    if (!box.hidden) draw();
  };
}

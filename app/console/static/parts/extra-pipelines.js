// Extra pipelines for the same items: each file, link or record then has a job in each of them.
import { h } from '../dom.js';

/** @import { Pipeline } from '../../api.d.ts' */

/**
 * Pipelines that accept one of the same kinds of item and have no required parameters.
 * @param {Pipeline} one
 * @param {Pipeline} chosen
 */
const isCompatible = (one, chosen) =>
  one.key !== chosen.key &&
  one.accepts.some((source) => chosen.accepts.includes(source)) &&
  !(one.params_schema.required ?? []).length;

/**
 * `setPipeline` offers what fits the chosen one; `keys()` and `titles()` are those that are checked.
 * @param {HTMLFieldSetElement} fieldset
 */
export function extraPipelines(fieldset) {
  /** @type {{ one: Pipeline, input: HTMLInputElement }[]} */
  let boxes = [];
  const checked = () => boxes.filter(({ input }) => input.checked).map(({ one }) => one);

  return {
    /** @param {Pipeline[]} pipelines @param {Pipeline} chosen */
    setPipeline(pipelines, chosen) {
      boxes = pipelines
        .filter((one) => isCompatible(one, chosen))
        .map((one) => ({ one, input: h('input', { type: 'checkbox', name: 'extra-pipeline', value: one.key }) }));
      fieldset.hidden = !boxes.length;
      fieldset.replaceChildren(
        h('legend', 'Also run on each'),
        h(
          'div.ticks',
          boxes.map(({ one, input }) => h('label.tick', input, one.title)),
        ),
        h('small', 'Each item gets another job in each of these pipelines, with default parameters.'),
      );
    },
    keys: () => checked().map(({ key }) => key),
    titles: () => checked().map(({ title }) => title),
  };
}

// Further pipelines for the same things: each file, link or record then has a job in each of them.
import { h } from '../dom.js';

/** Pipelines that take one of the same sources, and that can do without being told anything. */
const fits = (one, chosen) => one.key !== chosen.key && one.accepts.some((source) => chosen.accepts.includes(source))
  && !(one.params_schema?.required ?? []).length;

/** `box` is a fieldset; `use` tells it what is chosen, `keys()` and `titles()` what is ticked. */
export function alsoRun(box) {
  let boxes = [];
  const ticked = () => boxes.filter(({ input }) => input.checked).map(({ one }) => one);

  return {
    use(pipelines, chosen) {
      boxes = pipelines.filter((one) => fits(one, chosen))
        .map((one) => ({ one, input: h('input', { type: 'checkbox', name: 'also', value: one.key }) }));
      box.hidden = !boxes.length;
      box.replaceChildren(h('legend', 'Also run on each'),
        h('div.ticks', boxes.map(({ one, input }) => h('label.tick', input, one.title))),
        h('small', 'Each gets a job of its own, with the pipeline’s usual parameters.'));
    },
    keys: () => ticked().map(({ key }) => key),
    titles: () => ticked().map(({ title }) => title),
  };
}

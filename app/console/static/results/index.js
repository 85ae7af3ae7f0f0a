// Chooses how the result of a job is shown. A pipeline may have a view of its own: built in, or an ES module of an
// installed package that the service serves. All others get the JSON view.
import { getPipelines, messageOf } from '../api.js';
import { h, icon } from '../dom.js';
import * as json from './json.js';

/** @import { JobDetail, Pipeline } from '../../api.d.ts' */
/** @import { Label, ResultView } from '../../types.d.ts' */

/** @type {Record<string, () => Promise<ResultView>>} by the key of the pipeline */
const BUILT_IN = {
  'pdf-extraction': () => import('./pdf-extraction.js'),
  'data-report': () => import('./data-report.js'),
  'web-images': () => import('./images.js'),
  'contact-sheet': () => import('./images.js'),
  originals: () => import('./images.js'),
  'restaurant-registration': () => import('./registration.js'),
};

/** @type {Map<string, ResultView>} pipeline -> its view, once it is loaded */
const views = new Map();
/** @type {Map<string, string>} pipeline -> why its view could not be loaded */
const problems = new Map();
/** @type {Map<string, Promise<void>>} pipeline -> settled once its view is there or has failed */
const loading = new Map();

/** @param {string} key @param {() => Promise<Partial<ResultView>>} importView */
async function load(key, importView) {
  try {
    const { summary, view, mark } = await importView();
    if (!summary || !view) throw new Error('It has to export “summary” and “view”.');
    views.set(key, { summary, view, mark });
    problems.delete(key);
  } catch (error) {
    problems.set(key, messageOf(error));
    loading.delete(key); // the next visit tries again
  }
}

/** @param {Pipeline} pipeline @returns {(() => Promise<Partial<ResultView>>) | undefined} */
function importOf({ key, result_view: address }) {
  return address ? () => import(address) : BUILT_IN[key];
}

/**
 * Loads the views of these pipelines; one that fails is replaced by the JSON view.
 * @param {string[]} keys
 */
export async function loadResultViews(keys) {
  if (keys.every((key) => loading.has(key))) return;
  const pipelines = await getPipelines().catch(() => /** @type {Pipeline[]} */ ([]));
  for (const pipeline of pipelines) {
    const { key } = pipeline;
    if (!keys.includes(key) || loading.has(key)) continue;
    const importView = importOf(pipeline);
    loading.set(key, importView ? load(key, importView) : Promise.resolve());
  }
  await Promise.all(keys.map((key) => loading.get(key)));
}

/**
 * One short sentence for the job's row, or null.
 * @param {string} pipeline
 * @param {unknown} result
 */
export function summaryOf(pipeline, result) {
  if (!result) return null;
  try {
    return (views.get(pipeline) ?? json).summary(result) ?? null;
  } catch {
    return json.summary(result);
  }
}

/**
 * A label for the job's row where somebody should look at its result, or null.
 * @param {string} pipeline
 * @param {unknown} result
 * @returns {Label | null}
 */
export function markOf(pipeline, result) {
  try {
    return result ? (views.get(pipeline)?.mark?.(result) ?? null) : null;
  } catch {
    return null;
  }
}

/**
 * The whole result of a job, with its files. A result that its view cannot show is shown as JSON, with the reason.
 * @param {string} pipeline
 * @param {JobDetail} job
 */
export function resultView(pipeline, job) {
  const view = views.get(pipeline);
  const problem = problems.get(pipeline);
  if (problem) return asJson(job, problem);
  try {
    return (view ?? json).view(job.result, job);
  } catch (error) {
    return asJson(job, messageOf(error));
  }
}

/** @param {JobDetail} job @param {string} problem */
const asJson = (job, problem) =>
  h(
    'div.stack',
    h(
      'p.note',
      { 'data-state': 'paused' },
      icon('info'),
      h('span', `The view of this pipeline could not be shown, so this is the result as JSON. ${problem}`),
    ),
    json.view(job.result),
  );

// The steps of one job: state, name, when each ran within the whole, and how long it took.
import { h, setText } from '../dom.js';
import { elapsed, now } from '../format.js';
import { setState, stateLabel, toneOf } from './states.js';

/** @import { Job, Step } from '../../api.d.ts' */

/** @param {number} part @param {number} whole */
const percentage = (part, whole) => `${Math.min(100, Math.max(0, (part / whole) * 100))}%`;

/** @param {Step[]} steps */
export function timeline(steps) {
  const lines = steps.map((step) => {
    const state = stateLabel(step.status);
    const run = h('i');
    const time = h('span.num.dim');
    const problem = h('p.bad');
    const lane = h('span.lane', { 'aria-hidden': 'true' }, run);
    const node = h('li', state, h('code.cut', { title: step.name }, step.name), lane, time, problem);
    return { node, state, run, time, problem };
  });

  /** @param {Step[]} list @param {Job} job */
  function patch(list, job) {
    const starts = list.flatMap(({ started_at: at }) => (at ? [Date.parse(at)] : []));
    const from = Math.min(...starts);
    const until = job.completed_at ? Date.parse(job.completed_at) : now();
    const whole = Math.max(1, until - from);
    list.forEach((step, at) => {
      const { state, run, time, problem } = lines[at];
      setState(state, step.status);
      run.dataset.state = toneOf(step.status);
      run.hidden = !step.started_at;
      const attempts = step.attempts > 1 ? `${step.attempts} attempts, ` : '';
      const ran = step.started_at && !['pending', 'skipped'].includes(step.status);
      setText(time, ran ? `${attempts}${elapsed(step.started_at, step.completed_at)}` : '');
      const showProblem = step.error_code && step.status !== 'completed' && job.status !== 'failed';
      setText(problem, showProblem ? [step.error_code, step.error_message].filter(Boolean).join(': ') : '');
      problem.hidden = !showProblem;
      if (!step.started_at) return;
      const end = step.completed_at ? Date.parse(step.completed_at) : until;
      run.style.setProperty('--from', percentage(Date.parse(step.started_at) - from, whole));
      run.style.setProperty('--long', percentage(end - Date.parse(step.started_at), whole));
    });
  }

  return {
    node: h(
      'ol.timeline',
      lines.map(({ node }) => node),
    ),
    patch,
  };
}

// The drawer with everything about one job. It lives in the batch page: `?job=3` opens the third job.
import { errorText, get } from '../api.js';
import { debounce, find, h, icon, setText, targetOf } from '../dom.js';
import { capitalize } from '../format.js';
import { jobName } from '../model.js';
import { loadResultViews, resultView } from '../results/index.js';
import { errorDetails, failedAttempts, jobInput, jobOutputs, stepOutputs } from './job-sections.js';
import { attemptOf, jobTime } from './job-text.js';
import { toast } from './overlays.js';
import { closePage } from './page-picture.js';
import { shareLinks } from './share.js';
import { jobState, setState, stateLabel } from './states.js';
import { timeline } from './timeline.js';

/** @import { Job, JobDetail } from '../../api.d.ts' */
/** @import { Child, ShownJob } from '../../types.d.ts' */
/** @import { BatchModel } from '../model.js' */
/** @import { jobTable } from './job-table.js' */

/** @param {string} title @param {...Child} children */
const section = (title, ...children) => h('section.stack.tight', h('h3', title), children);

/**
 * @param {object} options
 * @param {BatchModel} options.model
 * @param {ReturnType<typeof jobTable>} options.table
 * @param {(sequence: number) => Promise<string | undefined>} options.loadJob gives the id of a job
 * @param {() => void} options.close
 * @param {(job: Job) => void} options.open
 */
export function jobDrawer({ model, table, loadJob, close, open }) {
  /** @type {HTMLDialogElement} */
  const box = find('#drawer');
  const { batch } = model;
  /** @typedef {(job: ShownJob) => void} Patch */
  /** @typedef {{ sequence: number, job?: Job, detail?: JobDetail, patch?: Patch }} Current */

  /** @type {Current | null} */
  let current = null;

  // ---- what the drawer shows

  /** @param {number} by */
  function neighbour(by) {
    const shown = table.shown();
    const at = shown.findIndex(({ sequence }) => sequence === current?.sequence);
    return at < 0 ? undefined : shown[at + by];
  }

  /** @param {number} by */
  function go(by) {
    const next = neighbour(by);
    if (next) open(next);
  }

  /** @param {string} label @param {string} kind @param {string} glyph @param {() => void} act */
  const navButton = (label, kind, glyph, act, disabled = false) =>
    h(`button.btn.quiet.square.small${kind}`, { 'aria-label': label, disabled, onclick: act }, icon(glyph));

  /** @param {JobDetail} job @returns {Patch} */
  function build(job) {
    const state = stateLabel(...jobState(job));
    const attempt = h('span');
    const time = h('span');
    const message = h('p.dim');
    const steps = timeline(job.steps);
    const parts = {
      fault: h('div'),
      attempts: h('ol.attempts'),
      input: h('div'),
      output: h('div'),
      stepOutputs: h('div.stack.tight'),
    };
    const result = h('div');
    const links = shareLinks(`/api/jobs/${job.id}`, 'the result of this job');
    const shared = h('details.stack', h('summary', 'Share'), links.node);
    shared.addEventListener('toggle', () => {
      if (shared.open) links.open();
    });
    const attempts = section('Failed attempts', parts.attempts);
    const outputs = section('Step outputs', parts.stepOutputs);
    const total = batch.counters.total.toLocaleString('en');
    box.replaceChildren(
      h(
        'div.drawer-head',
        h(
          'div.stack.tight',
          h('p.dim', `Job ${job.sequence} of ${total}`),
          h('h2', { id: 'drawer-title', tabindex: -1 }, jobName(job)),
          h('div.facts', state, attempt, time),
        ),
        h(
          'div.drawer-nav',
          navButton('Previous job', '.up', 'chevron', () => go(-1), !neighbour(-1)),
          navButton('Next job', '.down', 'chevron', () => go(1), !neighbour(1)),
          navButton('Close', '', 'close', () => box.close()),
        ),
      ),
      h(
        'div.drawer-body.stack',
        parts.fault,
        section('Steps', steps.node, message),
        attempts,
        section('Input', parts.input),
        section('Output', parts.output),
        result,
        outputs,
        shared,
      ),
    );
    box.scrollTop = 0;

    let drawn = '';
    return (now) => {
      setState(state, ...jobState(now));
      const which = attemptOf(now);
      setText(attempt, which ? `attempt ${which}` : '');
      setText(time, jobTime(now) || (now.started_at ? '' : 'not started'));
      setText(message, now.status === 'running' && now.progress_message ? capitalize(now.progress_message) : '');
      steps.patch(now.steps, now);
      // What a job leaves behind appears only when its state changes; until then its nodes stay untouched.
      const key = JSON.stringify([
        now.status,
        now.error_code,
        now.tries,
        now.outputs,
        now.result,
        now.steps.map((step) => step.output),
      ]);
      if (key === drawn) return;
      drawn = key;
      parts.fault.replaceChildren(...errorDetails(now));
      parts.input.replaceChildren(jobInput(now));
      parts.output.replaceChildren(jobOutputs(now));
      parts.attempts.replaceChildren(...failedAttempts(now));
      parts.stepOutputs.replaceChildren(...stepOutputs(now));
      result.replaceChildren(...(now.result ? [section('Result', resultView(now.pipeline, now))] : []));
      parts.fault.hidden = !parts.fault.firstChild;
      attempts.hidden = !parts.attempts.firstChild;
      outputs.hidden = !parts.stepOutputs.firstChild;
      result.hidden = !now.result;
      shared.hidden = now.status !== 'completed';
    };
  }

  /** @param {Current} shown */
  function draw({ detail, job, patch }) {
    if (!detail) return;
    // The live job moves with each event; the detail, loaded now and then, knows outputs and errors.
    const steps = detail.steps.map((step, at) => ({ ...step, ...job?.steps[at] }));
    patch?.({ ...detail, ...job, steps, result: detail.result });
  }

  /** @param {Current} request */
  async function load(request) {
    const id = await loadJob(request.sequence);
    /** @type {{ job: JobDetail } | null} */
    const answer = id ? await get(`/api/jobs/${id}`) : null;
    if (answer) await loadResultViews([answer.job.pipeline]);
    if (current !== request) return;
    if (!id || !answer) {
      box.close();
      return;
    }
    request.detail = answer.job;
    request.job = model.jobs.get(id);
    if (!request.patch) {
      request.patch = build(answer.job);
      draw(request);
      reveal();
    } else {
      draw(request);
    }
  }

  const reload = debounce(() => current && load(current).catch(() => {}), 300);

  function reveal() {
    if (!box.open) {
      // On a phone the drawer covers everything, so nothing behind it may take the focus.
      if (matchMedia('(width < 48rem)').matches) box.showModal();
      else box.show();
    }
    find('#drawer-title').focus();
  }

  // ---- closing, and the keys inside

  function onClose() {
    closePage();
    const { job } = current ?? {};
    current = null;
    close();
    if (job) table.linkOf(job)?.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = targetOf(event);
    if (!box.open || find('#help').hasAttribute('open')) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      box.close();
    } else if (box.contains(target) && !target.closest('input, textarea, select')) {
      if (event.key === 'j') go(1);
      if (event.key === 'k') go(-1);
    }
  }

  box.addEventListener('close', onClose);
  document.addEventListener('keydown', onKey);

  return {
    /** @param {number | null} sequence */
    show(sequence) {
      if (!sequence) {
        if (box.open) box.close();
        return;
      }
      if (current?.sequence === sequence) return;
      closePage();
      current = { sequence };
      load(current).catch((error) => {
        if (current?.sequence === sequence) current = null;
        toast(errorText(error));
      });
    },
    /**
     * Jobs changed: when the shown one is among them, it is drawn at once and its details are loaded soon.
     * @param {Iterable<Job>} jobs
     */
    patch(jobs) {
      if (!current?.patch || !current.job || !new Set(jobs).has(current.job)) return;
      draw(current);
      reload();
    },
    refresh: reload,
    leave() {
      closePage();
      current = null;
      box.removeEventListener('close', onClose);
      document.removeEventListener('keydown', onKey);
      if (box.open) box.close();
    },
  };
}

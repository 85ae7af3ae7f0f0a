// The options of a new batch that every pipeline has: name, order, a trial run, what happens when jobs fail.
import { plural } from '../format.js';

/** @import { Pipeline, TemplateOptions } from '../../api.d.ts' */
/** @import { NewBatchParts } from '../../types.d.ts' */

/** @type {Record<string, string>} */
const POLICY_LABELS = { pause: 'pause', fail: 'fail the batch', continue: 'continue' };

/**
 * `fact` where there is something to say.
 * @param {unknown} condition
 * @param {[string, string]} fact
 * @returns {[string, string][]}
 */
const only = (condition, fact) => (condition ? [fact] : []);

/**
 * `parts` has the fields; `setPipeline` sets the pipeline, whose own options hold where a field is left empty.
 * @param {NewBatchParts} parts
 */
export function batchOptions(parts) {
  const { name, customer, mode, max, trial, mail, policy, threshold } = parts;
  /** @type {Pipeline | null} */
  let pipeline = null;

  function patch() {
    // Without an action of its own the pipeline's policy holds, threshold and all.
    threshold.disabled = !policy.value || policy.value === 'continue';
  }

  function orderText() {
    const most = Number(max.value) || pipeline?.max_parallel;
    if ((mode.value || pipeline?.mode) === 'sequential' || most === 1) return 'one job at a time';
    return `up to ${most} jobs at once`;
  }

  function policyOf() {
    if (!policy.value) return undefined;
    if (threshold.disabled || threshold.value === '') return { action: policy.value };
    return { action: policy.value, threshold: Number(threshold.value) / 100 };
  }

  return {
    patch,
    /** @param {Pipeline} chosen */
    setPipeline(chosen) {
      pipeline = chosen;
    },
    /** @returns {[string, string][]} */
    facts: () => [
      ['Order', orderText()],
      ...only(trial.value && trial.validity.valid, ['Trial run', plural(Number(trial.value), 'job')]),
      ...only(policy.value, ['When too many fail', POLICY_LABELS[policy.value]]),
      ...only(customer.value.trim(), ['Customer', customer.value.trim()]),
      ['Name', name.value.trim() || 'chosen when it starts'],
    ],
    /**
     * Takes over the options of a template; empty ones are the pipeline's.
     * @param {TemplateOptions} options
     */
    fill(options) {
      const share = options.failure_policy?.threshold;
      name.value = options.name ?? '';
      customer.value = options.customer_prefix ?? '';
      mode.value = options.execution_mode ?? '';
      max.value = String(options.max_parallel ?? '');
      trial.value = String(options.first_n ?? '');
      mail.value = options.notification_email ?? '';
      policy.value = options.failure_policy?.action ?? '';
      threshold.value = share == null ? '' : String(share * 100);
      patch();
    },
    /**
     * The first field that cannot be used, as [sentence, field].
     * @returns {[string, HTMLInputElement] | null}
     */
    problem() {
      if (!max.validity.valid) return ['“Jobs at once” has to be a whole number, 1 or more.', max];
      if (!trial.validity.valid) return ['“Trial run” has to be a whole number, 1 or more.', trial];
      if (!mail.validity.valid) return ['“Email” is not an email address.', mail];
      if (!threshold.disabled && !threshold.validity.valid)
        return ['“Failure threshold” has to be from 0 to 100.', threshold];
      return null;
    },
    read: () => ({
      name: name.value.trim() || undefined,
      customer_prefix: customer.value.trim() || undefined,
      execution_mode: mode.value || undefined,
      max_parallel: max.value ? Number(max.value) : undefined,
      notification_email: mail.value.trim() || undefined,
      first_n: trial.value ? Number(trial.value) : undefined,
      failure_policy: policyOf(),
    }),
  };
}

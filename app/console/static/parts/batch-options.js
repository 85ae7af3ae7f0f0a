// The options of a new batch that every pipeline has: name, order, a trial run, what happens when jobs fail.
import { plural } from '../format.js';

const POLICY_LABELS = { pause: 'pause', fail: 'give up', continue: 'go on' };

/** `parts` has the fields; `setPipeline` sets the pipeline, whose own options hold where a field is left empty. */
export function batchOptions(parts) {
  const { name, mode, max, trial, mail, policy, threshold } = parts;
  let pipeline = null;

  function patch() {
    // Without an action of its own the pipeline's policy holds, threshold and all.
    threshold.disabled = !policy.value || policy.value === 'continue';
  }

  function orderText() {
    const most = max.value;
    if ((mode.value || pipeline.mode) === 'sequential' || most === '1') return 'one at a time';
    return `up to ${most || pipeline.max_parallel} at once`;
  }

  function policyOf() {
    if (!policy.value) return undefined;
    if (threshold.disabled || threshold.value === '') return { action: policy.value };
    return { action: policy.value, threshold: Number(threshold.value) / 100 };
  }

  return {
    patch,
    setPipeline(chosen) {
      pipeline = chosen;
    },
    facts: () => [
      ['Order', orderText()],
      trial.value && trial.validity.valid && ['Trial run', plural(Number(trial.value), 'job')],
      policy.value && ['When many fail', POLICY_LABELS[policy.value]],
      ['Name', name.value.trim() || 'made when it starts'],
    ],
    /** Takes over the options of a template; empty ones are the pipeline's. */
    fill(options) {
      name.value = options.name ?? '';
      mode.value = options.execution_mode ?? '';
      max.value = options.max_parallel ?? '';
      trial.value = options.first_n ?? '';
      mail.value = options.notification_email ?? '';
      policy.value = options.failure_policy?.action ?? '';
      threshold.value = options.failure_policy?.threshold == null ? '' : options.failure_policy.threshold * 100;
      patch();
    },
    /** The first field that cannot be used, as [sentence, field]. */
    problem() {
      if (!max.validity.valid) return ['“At most at once” has to be a whole number from 1.', max];
      if (!trial.validity.valid) return ['“Trial run” has to be a whole number from 1.', trial];
      if (!mail.validity.valid) return ['“E-mail” is not an address.', mail];
      if (!threshold.disabled && !threshold.validity.valid) return ['“Too many” has to be from 0 to 100.', threshold];
      return null;
    },
    read: () => ({
      name: name.value.trim() || undefined,
      execution_mode: mode.value || undefined,
      max_parallel: max.value ? Number(max.value) : undefined,
      notification_email: mail.value.trim() || undefined,
      first_n: trial.value ? Number(trial.value) : undefined,
      failure_policy: policyOf(),
    }),
  };
}

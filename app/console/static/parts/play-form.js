// The form of a play: its name, its steps and its variables.
import { patch, post } from '../api.js';
import { h } from '../dom.js';
import { go } from '../router.js';
import { field, plainForm } from './plain-form.js';

/** @import { Play, PlayStep } from '../../api.d.ts' */

const OUTPUTS = [
  ['final', 'the last output'],
  ['all', 'every output'],
  ['data', 'the data of the lead'],
];

// A step that would not survive as one line of text is written as JSON.
/** @param {PlayStep} step @returns {step is string} */
const isPlain = (step) => typeof step === 'string' && step === step.trim() && !/\n|^("|\{(?!\{))/.test(step);
/** @param {PlayStep} step */
const lineOf = (step) => (isPlain(step) ? step : JSON.stringify(step));

/** @param {string} line @param {number} at @returns {PlayStep} */
function readStep(line, at) {
  if (isPlain(line)) return line;
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`Step ${at + 1} begins like JSON, but it is not valid JSON.`);
  }
}

/** @param {string} content @returns {Record<string, unknown>} */
function readVariables(content) {
  if (!content.trim()) return {};
  try {
    return JSON.parse(content);
  } catch {
    throw new Error('“Variables” is not valid JSON.');
  }
}

/**
 * For a new play or, with `play`, to change it; the data it needs is selected in the grid.
 * @param {Play} [play]
 */
export function playForm(play) {
  const name = h('input.input', { maxlength: 255, autocomplete: 'off', value: play?.name });
  const about = h('textarea.input', { rows: 2, maxlength: 10_000 }, play?.description ?? '');
  const steps = h('textarea.input', { rows: 6 }, (play?.play_steps ?? []).map(lineOf).join('\n'));
  const variables = h(
    'textarea.input.mono',
    { rows: 4, spellcheck: 'false' },
    play && Object.keys(play.variables).length ? JSON.stringify(play.variables, null, 2) : '',
  );
  const outputs = h(
    'datalist',
    { id: 'outputs' },
    OUTPUTS.map(([value, label]) => h('option', { value }, label)),
  );
  const output = h('input.input', {
    list: 'outputs',
    maxlength: 255,
    autocomplete: 'off',
    value: play?.output_type ?? 'final',
  });
  return plainForm(
    [
      field('play-name', 'Name', name),
      field('play-description', 'What it is for', about),
      field(
        'play-play_steps',
        'Steps',
        steps,
        'One per line: text, or a JSON object. Both may use variables, as in {{ sender }}.',
      ),
      field(
        'play-variables',
        'Variables',
        variables,
        'A JSON object, such as {"sender": "Maya"}. A run can override them.',
      ),
      field(
        'play-output_type',
        'Output',
        output,
        '“all” for every output, “data” for the data of the lead, anything else for the last output.',
      ),
      outputs,
    ],
    play ? 'Save play' : 'Create play',
    async () => {
      const body = {
        name: name.value.trim(),
        description: about.value.trim() || null,
        play_steps: steps.value
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean)
          .map(readStep),
        variables: readVariables(variables.value),
        output_type: output.value.trim(),
      };
      /** @type {Play} */
      const { id } = await (play ? patch(`/api/plays/${play.id}/`, body) : post('/api/plays/', body));
      go(`#/plays/${id}`);
    },
    { cancel: play ? `#/plays/${play.id}` : '#/plays' },
  );
}

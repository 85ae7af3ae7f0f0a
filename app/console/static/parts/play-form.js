// The form of a play: what it is called, its steps, and the values of its places.
import { patch, post } from '../api.js';
import { h } from '../dom.js';
import { go } from '../router.js';
import { field, plainForm } from './plain-form.js';

const OUTPUTS = [
  ['final', 'the last output'],
  ['all', 'every output'],
  ['data', 'the data of the lead'],
];

// A step that would not come back as it was from a line of its own is written as JSON.
const isPlain = (step) => typeof step === 'string' && step === step.trim() && !/\n|^("|\{(?!\{))/.test(step);
const lineOf = (step) => (isPlain(step) ? step : JSON.stringify(step));

function readStep(line, at) {
  if (isPlain(line)) return line;
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`Step ${at + 1} begins like JSON, and is none.`);
  }
}

function readVariables(content) {
  if (!content.trim()) return {};
  try {
    return JSON.parse(content);
  } catch {
    throw new Error('The values are not valid JSON.');
  }
}

/** For a new play or, with `play`, to change it; what data it needs is ticked in the grid. */
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
        'One on each line: a text, or a JSON object. Both may hold places like {{ sender }}.',
      ),
      field(
        'play-variables',
        'Values of the places',
        variables,
        'A JSON object, such as {"sender": "Maya"}. A run may bring others.',
      ),
      field(
        'play-output_type',
        'Hands back',
        output,
        '“all” every output, “data” the data of the lead, else the last output.',
      ),
      outputs,
    ],
    play ? 'Save play' : 'Make play',
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
      const { id } = await (play ? patch(`/api/plays/${play.id}/`, body) : post('/api/plays/', body));
      go(`#/plays/${id}`);
    },
    { cancel: play ? `#/plays/${play.id}` : '#/plays' },
  );
}

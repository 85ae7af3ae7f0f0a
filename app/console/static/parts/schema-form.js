// A form made from a JSON schema (draft 2020-12, as pydantic writes it), and the values it holds.
import { h, setAttr } from '../dom.js';
import { capitalize, plural } from '../format.js';

/** @import { FieldError, JsonSchema } from '../../api.d.ts' */
/** @import { Attributes } from '../../types.d.ts' */
/** @import { Input } from './plain-form.js' */

/**
 * Follows `$ref` and takes the one member of an `anyOf` that is not null.
 * @param {JsonSchema} spec
 * @param {JsonSchema} schema
 * @returns {JsonSchema}
 */
function resolve(spec, schema) {
  const own = { ...spec };
  const other = spec.$ref
    ? schema.$defs?.[spec.$ref.replace('#/$defs/', '')]
    : (spec.anyOf ?? spec.allOf ?? spec.oneOf)?.find((one) => one.type !== 'null');
  if (!other) return own;
  delete own.$ref;
  return { ...resolve(other, schema), ...own };
}

/** @param {JsonSchema} spec */
const isNumber = (spec) => spec.type === 'integer' || spec.type === 'number';
/** @type {Record<string, string>} */
const INPUT_TYPES = { email: 'email', date: 'date', uri: 'url', 'date-time': 'datetime-local', password: 'password' };

/** @param {JsonSchema} spec @param {Attributes} attributes @param {boolean} required @returns {Input} */
function inputFor(spec, attributes, required) {
  const choices = spec.enum ?? (spec.const === undefined ? null : [spec.const]);
  if (choices) {
    const none = h('option', { value: '' }, required ? 'choose' : 'none');
    const empty = required && spec.default !== undefined ? [] : [none];
    const options = choices.map((one) => h('option', { value: JSON.stringify(one) }, String(one)));
    const select = h('select.input', attributes, empty, options);
    if (spec.default !== undefined && spec.default !== null) select.value = JSON.stringify(spec.default);
    return select;
  }
  if (spec.type === 'array' || spec.type === 'object' || !spec.type) {
    const value = spec.default === undefined || spec.default === null ? '' : linesOf(spec, spec.default);
    return h('textarea.input', { ...attributes, rows: 3, spellcheck: 'false' }, value);
  }
  const number = isNumber(spec);
  const above = spec.type === 'integer' && spec.exclusiveMinimum !== undefined ? spec.exclusiveMinimum + 1 : null;
  return h('input.input', {
    ...attributes,
    type: number ? 'number' : (INPUT_TYPES[spec.format ?? ''] ?? 'text'),
    min: spec.minimum ?? above,
    max: spec.maximum,
    step: spec.type === 'integer' ? 1 : number ? 'any' : null,
    minlength: spec.minLength,
    maxlength: spec.maxLength,
    value: spec.default == null ? null : String(spec.default),
    placeholder: spec.examples?.[0] === undefined ? null : `for example ${spec.examples[0]}`,
    autocomplete: spec.format === 'password' ? 'new-password' : 'off',
  });
}

/** @param {JsonSchema} spec @param {unknown} value */
const linesOf = (spec, value) =>
  isList(spec) && Array.isArray(value) ? value.join('\n') : JSON.stringify(value, null, 2);
/** @param {JsonSchema} spec */
const isList = (spec) => spec.type === 'array' && ['string', 'integer', 'number'].includes(spec.items?.type ?? '');

/** @param {JsonSchema} spec */
function helpOf(spec) {
  /** @type {Record<string, string>} */
  const shapes = { object: 'A JSON object.', array: isList(spec) ? 'One per line.' : 'A JSON list.' };
  return [spec.description, shapes[spec.type ?? '']].filter(Boolean).join(' ');
}

class InvalidField extends Error {}

/** @param {Input} input @param {JsonSchema} spec */
function messageFor({ validity, type }, spec) {
  if (validity.badInput) return type === 'number' ? 'is not a number' : 'is not complete';
  if (validity.tooShort) return `needs at least ${plural(spec.minLength ?? 0, 'character')}`;
  if (validity.tooLong) return `has more than ${plural(spec.maxLength ?? 0, 'character')}`;
  if (validity.rangeUnderflow) return `has to be ${spec.minimum ?? (spec.exclusiveMinimum ?? 0) + 1} or more`;
  if (validity.rangeOverflow) return `has to be ${spec.maximum} or less`;
  if (validity.stepMismatch) return 'has to be a whole number';
  return type === 'email' ? 'is not an email address' : 'is not valid';
}

/**
 * Reads one field; undefined when it was left empty, so that the pipeline's own default holds.
 * @param {Input} input
 * @param {JsonSchema} spec
 * @returns {unknown}
 */
function readField(input, spec) {
  if (input instanceof HTMLInputElement && input.type === 'checkbox') return input.checked;
  if (input.validity.badInput) throw new InvalidField(messageFor(input, spec));
  const raw = input.value.trim();
  if (raw === '') return undefined;
  if (input.tagName === 'SELECT') return JSON.parse(raw);
  if (isNumber(spec)) return Number(raw);
  if (isList(spec)) {
    const lines = raw
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    return spec.items?.type === 'string' ? lines : lines.map(Number);
  }
  if (input.tagName === 'TEXTAREA') {
    try {
      return JSON.parse(raw);
    } catch {
      throw new InvalidField('is not valid JSON');
    }
  }
  return raw;
}

/**
 * Fills `box` with a field for each property; `kind` keeps the fields of two forms on one page apart. `read()` gives the
 * values, or null after it has shown what is wrong.
 * @param {HTMLElement} box
 * @param {JsonSchema} schema
 */
export function schemaForm(box, schema, kind = 'param') {
  const required = new Set(schema.required ?? []);
  /** @typedef {{ input: Input, spec: JsonSchema, title: string, error: HTMLElement }} Field */

  /** @type {Map<string, Field>} */
  const fields = new Map();
  const known = Object.entries(schema.properties ?? {});

  box.replaceChildren(
    ...known.map(([name, raw]) => {
      const spec = resolve(raw, schema);
      const id = `${kind}-${name}`;
      const title = spec.title ?? name.replaceAll('_', ' ');
      const help = h('small', { id: `${id}-help` }, helpOf(spec));
      const error = h('p.error', { id: `${id}-error` });
      const must = required.has(name);
      const attributes = { id, 'aria-describedby': `${id}-help ${id}-error` };
      if (spec.type === 'boolean') {
        const input = h('input', { ...attributes, type: 'checkbox', checked: spec.default === true });
        fields.set(name, { input, spec, title, error });
        return h('div.field', h('label.tick', { for: id }, input, title), help, error);
      }
      const input = inputFor(spec, { ...attributes, required: must }, must);
      fields.set(name, { input, spec, title, error });
      const label = h('label', { for: id }, title, must ? h('span.dim', ' required') : null);
      return h('div.field', label, input, help, error);
    }),
  );
  if (!known.length) box.append(h('p.dim', 'This pipeline has no parameters.'));

  /** @param {string} name @param {string} message */
  function showError(name, message) {
    const field = fields.get(name);
    if (!field) return false;
    field.error.textContent = message;
    setAttr(field.input, 'aria-invalid', message ? 'true' : null);
    return true;
  }

  /** @param {string} name @param {Field} field */
  function check(name, { input, spec }) {
    const value = readField(input, spec);
    if (value === undefined && required.has(name)) throw new InvalidField('is missing');
    if (!input.validity.valid) throw new InvalidField(messageFor(input, spec));
    if (Array.isArray(value) && value.some(Number.isNaN)) throw new InvalidField('has a line that is not a number');
    return value;
  }

  return {
    /**
     * Puts values into their fields; those that are missing are emptied.
     * @param {Record<string, unknown>} values
     */
    fill(values) {
      for (const [name, { input, spec }] of fields) {
        const value = values[name] ?? spec.default;
        if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = value === true;
        else if (value === undefined || value === null) input.value = '';
        else if (input.tagName === 'SELECT') input.value = JSON.stringify(value);
        else input.value = input.tagName === 'TEXTAREA' ? linesOf(spec, value) : String(value);
      }
    },
    read() {
      /** @type {Record<string, unknown>} */
      const values = {};
      /** @type {Input | null} */
      let first = null;
      for (const [name, field] of fields) {
        showError(name, '');
        try {
          const value = check(name, field);
          if (value !== undefined) values[name] = value;
        } catch (error) {
          if (!(error instanceof InvalidField)) throw error;
          showError(name, `${field.title} ${error.message}.`);
          first ??= field.input;
        }
      }
      if (!first) return values;
      first.focus();
      return null;
    },
    /**
     * Puts the service's errors under their fields; returns those that belong to no field.
     * @param {FieldError[]} errors
     */
    showErrors(errors) {
      const rest = errors.filter(({ loc, msg }) => !showError(String(loc[2] ?? ''), capitalize(msg)));
      for (const { input } of fields.values()) {
        if (input.getAttribute('aria-invalid')) {
          input.focus();
          break;
        }
      }
      return rest;
    },
  };
}

// A new batch: what to process, with which pipeline, and how.
import { ApiError, errorText, fieldErrorText, get, getPipelines, messageOf, post } from '../api.js';
import { setConnection } from '../connection.js';
import { find, fromTemplate, h, setAttr, setText } from '../dom.js';
import { fileSize, formatNumber, plural } from '../format.js';
import { batchOptions } from '../parts/batch-options.js';
import { extraPipelines } from '../parts/extra-pipelines.js';
import { readLinks, readRecords } from '../parts/pasted-items.js';
import { schemaForm } from '../parts/schema-form.js';
import { filesOf, uploadList } from '../parts/upload-list.js';
import { go, setQuery } from '../router.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { BatchCreated, FieldError, ItemKind, Pipeline, Template } from '../../api.d.ts' */
/** @import { PastedItems, Screen } from '../../types.d.ts' */

const LINKS_HELP = 'Each link is fetched and becomes one job.';

/** @param {URLSearchParams} params @returns {Screen} */
export function newScreen(params) {
  const { root, parts } = fromTemplate('new');
  const uploads = uploadList(parts, patch);
  /** @param {HTMLElement} box @returns {HTMLTextAreaElement} */
  const textIn = (box) => find('textarea', box);
  const texts = { links: textIn(parts.links), records: textIn(parts.records) };
  const recordsHelp = [...find('small', parts.records).cloneNode(true).childNodes];
  /** @type {Pipeline[]} */
  let pipelines = [];
  /** @type {Pipeline | null} */
  let chosen = null;
  /** @type {ReturnType<typeof schemaForm> | null} */
  let form = null;
  const options = batchOptions(parts);
  const extras = extraPipelines(parts.extras);
  let startWhenUploaded = false; // started, and waiting for the last upload
  let draft = false; // what was pressed: Save as draft, or Start
  let sending = false;
  let left = false;

  setBreadcrumbs(['Batches', '#/batches'], ['New batch']);
  setTitle('New batch');
  mount(root);
  parts.options.open = false;

  /** @param {ItemKind} source */
  const accepts = (source) => chosen?.accepts.includes(source) ?? false;

  // ---- pipeline

  function drawChoices() {
    parts.choices.replaceChildren(
      ...pipelines.map(({ key, title, description, steps }) =>
        h(
          'label.choice',
          h('input', { type: 'radio', name: 'pipeline', value: key, checked: key === chosen?.key }),
          h('span', h('b', title), h('small.dim', description ?? '')),
          h('span.dim.num', plural(steps.length, 'step')),
        ),
      ),
    );
  }

  /** @param {string | null | undefined} key */
  function choose(key) {
    chosen = pipelines.find((one) => one.key === key) ?? pipelines[0];
    form = schemaForm(parts.params, chosen.params_schema);
    options.setPipeline(chosen);
    extras.setPipeline(pipelines, chosen);
    parts.files.hidden = !accepts('file');
    parts.links.hidden = !accepts('url');
    parts.records.hidden = !accepts('record');
    setText(find('#max-help'), `Leave empty for the pipeline’s limit of ${chosen.max_parallel}.`);
    patch();
  }

  async function loadPipelines() {
    try {
      pipelines = await getPipelines();
    } catch (error) {
      if (left) return;
      setConnection('lost');
      setText(parts.problem, errorText(error));
      setTimeout(() => {
        if (!left) loadPipelines();
      }, 3000);
      return;
    }
    if (left) return;
    setConnection('live');
    setText(parts.problem, '');
    if (!pipelines.length) {
      parts.choices.replaceChildren(h('p.dim', 'This service has no pipelines.'));
      return;
    }
    choose(params.get('pipeline'));
    drawChoices();
    const template = params.get('template');
    if (template) useTemplate(template);
  }

  /**
   * Starts from a template: its pipeline, parameters and options, without items.
   * @param {string} id
   */
  async function useTemplate(id) {
    try {
      /** @type {Template} */
      const template = await get(`/api/templates/${encodeURIComponent(id)}`);
      const { pipeline, pipelines: several, params: values, ...rest } = template.options;
      if (left) return;
      choose(pipeline ?? several?.[0]);
      drawChoices();
      form?.fill(values ?? {});
      options.fill(rest);
      setText(parts.origin, `From the template “${template.name}”`);
      patch();
    } catch (error) {
      setText(parts.problem, errorText(error));
    }
  }

  // ---- what goes in

  function sources() {
    /** @type {PastedItems} */
    const none = { items: [], problem: '', shape: '' };
    const links = accepts('url') ? readLinks(texts.links.value) : none;
    const records = accepts('record') ? readRecords(texts.records.value) : none;
    return { files: accepts('file') ? uploads.items() : [], links, records };
  }

  /** @param {HTMLElement} box @param {string} problem @param {(Node | string)[]} usual */
  function helpUnder(box, problem, usual) {
    const small = find('small', box);
    setAttr(small, 'class', problem ? 'error' : null);
    setAttr(find('textarea', box), 'aria-invalid', problem ? 'true' : null);
    if (problem) setText(small, problem);
    else small.replaceChildren(...usual);
  }

  // ---- the summary

  function patch() {
    if (left || !chosen) return;
    options.patch();
    const { links, records } = sources();
    helpUnder(parts.links, links.problem, [LINKS_HELP]);
    helpUnder(parts.records, records.problem, recordsHelp);
    const files = uploads.count ? `${uploads.count.toLocaleString('en')} (${fileSize(uploads.bytes)})` : 'none';
    const titles = [chosen.title, ...extras.titles()];
    const facts = [
      accepts('file') ? ['Files', files] : [],
      accepts('url') ? ['Links', formatNumber(links.items.length)] : [],
      accepts('record')
        ? ['Records', `${formatNumber(records.items.length)}${records.shape && `, from ${records.shape}`}`]
        : [],
      [titles.length > 1 ? 'Pipelines' : 'Pipeline', titles.join(', ')],
      ...options.facts(),
    ].filter(({ length }) => length);
    parts.facts.replaceChildren(...facts.flatMap(([name, value]) => [h('dt', name), h('dd', value)]));
    setText(find('span', parts.hint), hint(chosen, links, records));
    setText(
      parts.start,
      !draft && startWhenUploaded ? 'Starts after the uploads' : !draft && sending ? 'Starting' : 'Start batch',
    );
    setText(
      parts.draft,
      draft && startWhenUploaded ? 'Saves after the uploads' : draft && sending ? 'Saving' : 'Save as draft',
    );
    parts.start.disabled = parts.draft.disabled = startWhenUploaded || sending;
    parts.wait.hidden = !startWhenUploaded;
    if (startWhenUploaded && !uploads.open) start(draft);
  }

  /** @param {Pipeline} pipeline @param {PastedItems} links @param {PastedItems} records */
  function hint(pipeline, links, records) {
    const uploading = plural(uploads.open, 'file is', 'files are');
    if (uploads.refused.length) return `${plural(uploads.refused.length, 'file')} could not be uploaded.`;
    if (startWhenUploaded)
      return `${uploading} still uploading; the batch ${draft ? 'is saved' : 'starts'} afterwards.`;
    const ignored =
      uploads.count && !accepts('file') ? ` ${pipeline.title} does not accept files; they are left out.` : '';
    if (uploads.open && !ignored) return `${uploading} still uploading. You can already press Start.`;
    const things = (ignored ? 0 : uploads.count) + links.items.length + records.items.length;
    const jobs = things * (1 + extras.keys().length);
    return (jobs ? `${plural(jobs, 'job')} will be created.` : 'Nothing to process yet.') + ignored;
  }

  // ---- starting

  /** @param {string} message @param {HTMLElement} [field] */
  function showError(message, field) {
    startWhenUploaded = false;
    sending = false;
    patch();
    setText(parts.problem, message);
    field?.focus();
  }

  /** @param {boolean} asDraft */
  function start(asDraft) {
    draft = asDraft;
    const { files, links, records } = sources();
    setText(parts.problem, '');
    if (!chosen || !form || sending) return undefined;
    if (links.problem) return showError(links.problem, texts.links);
    if (records.problem) return showError(records.problem, texts.records);
    if (accepts('file') && uploads.refused.length) {
      const n = uploads.refused.length;
      return showError(
        `${plural(n, 'file')} could not be uploaded. Remove ${n === 1 ? 'it' : 'them'} or try again.`,
        uploads.refused[0].row.again,
      );
    }
    const jobs = (accepts('file') ? uploads.count : 0) + links.items.length + records.items.length;
    if (!jobs) return showError('Nothing to process yet.', accepts('file') ? parts.picker : texts.records);
    const values = form.read();
    if (!values) return showError('');
    const wrong = options.problem();
    if (wrong) {
      parts.options.open = true;
      return showError(...wrong);
    }
    startWhenUploaded = accepts('file') && uploads.open > 0;
    if (startWhenUploaded) return patch();
    return submit(chosen.key, values, [...files, ...links.items, ...records.items]);
  }

  /**
   * One pipeline with its parameters, or several, each with its own under its key.
   * @param {string} key
   * @param {Record<string, unknown>} values
   */
  function pipelineOptions(key, values) {
    const others = extras.keys();
    if (!others.length) return { pipeline: key, params: values };
    return { pipelines: [key, ...others], params: { [key]: values } };
  }

  /** @param {string} key @param {Record<string, unknown>} values @param {object[]} items */
  async function submit(key, values, items) {
    sending = true;
    patch();
    try {
      /** @type {BatchCreated} */
      const made = await post('/api/batches', {
        ...pipelineOptions(key, values),
        items,
        start: !draft,
        ...options.read(),
      });
      if (!left) go(`#/batches/${made.batch_id}`);
    } catch (error) {
      if (left) return;
      showError('');
      const errors = error instanceof ApiError ? error.errors : [];
      const rest = showFieldErrors(key, errors);
      if (rest.length) setText(parts.problem, rest.slice(0, 3).map(fieldErrorText).join(' '));
      else if (!errors.length) setText(parts.problem, messageOf(error));
    }
  }

  /**
   * Puts errors about parameters under their fields; returns the others.
   * @param {string} key of the chosen pipeline
   * @param {FieldError[]} errors
   */
  function showFieldErrors(key, errors) {
    /** @param {FieldError} error */
    const isParameter = ({ loc }) => loc[0] === 'body' && loc[1] === 'params';
    const own = errors.filter(isParameter).map(({ loc, msg }) => ({ loc: loc.filter((part) => part !== key), msg }));
    return [...(form?.showErrors(own) ?? own), ...errors.filter((error) => !isParameter(error))];
  }

  // ---- wiring

  parts.choices.addEventListener('change', (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    choose(value);
    setQuery({ pipeline: value });
  });
  parts.picker.addEventListener('change', () => {
    uploads.add([...(parts.picker.files ?? [])]);
    parts.picker.value = ''; // so that the same file can be chosen again after it was removed
  });
  root.addEventListener('input', patch);
  root.addEventListener('submit', () => start(false));
  parts.draft.addEventListener('click', () => start(true));
  parts.wait.addEventListener('click', () => {
    startWhenUploaded = false;
    patch();
  });
  /** @param {boolean} on */
  const over = (on) => parts.drop.classList.toggle('over', on);
  root.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    over(true);
  });
  root.addEventListener('dragleave', (event) => {
    if (!root.contains(/** @type {Node | null} */ (event.relatedTarget))) over(false);
  });
  root.addEventListener('drop', async (event) => {
    event.preventDefault();
    over(false);
    if (accepts('file') && event.dataTransfer) uploads.add(await filesOf(event.dataTransfer));
  });

  loadPipelines();
  return {
    update: () => {},
    leave() {
      left = true;
      uploads.leave();
    },
  };
}

// Plays and the data batches each needs: a grid of checkboxes in which every change is saved at once.
import { errorText, get, post } from '../api.js';
import { announce, button, find, findAll, h, icon, setAttr, setText, targetOf } from '../dom.js';
import { dateTime, plural, shortDateTime, timeAgo } from '../format.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { setState, stateLabel } from '../parts/states.js';
import { address, setQuery } from '../router.js';
import { may } from '../shell.js';

/** @import { DataBatchType, Play } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */

const SAVE_AFTER = 300; // several changes in one row become one request
const PAGE = 200;

/** @type {Record<string, [row: number, column: number]>} */
const ARROWS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** @returns {Screen} */
export function playsScreen() {
  const search = h('input.input', {
    type: 'search',
    placeholder: 'Play',
    'aria-label': 'Search plays by name',
    autocomplete: 'off',
  });
  const { body } = page('Plays', {
    intro: may('manage')
      ? 'Select the data batches each play needs before it can run. Every change is saved right away.'
      : 'The data batches that each play needs before it can run. Your role changes nothing here.',
    actions: [
      h('form.search', { role: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/')),
      h('a.btn', { href: '#/plays/new', 'data-needs': 'manage' }, icon('plus'), 'New play'),
    ],
  });
  const head = h('thead');
  const rows = h('tbody');
  const grid = h(
    'div.scroll-x',
    { tabindex: 0, role: 'region', 'aria-label': 'Plays and data batches' },
    h('table.table.plays', h('caption.sr', 'Which data batches each play needs'), head, rows),
  );
  const after = h('div');
  /** @type {Set<() => void>} what has to be sent when the screen is left */
  const saving = new Set();
  /** @type {Map<Play, HTMLElement>} */
  const rowsByPlay = new Map();
  /** @type {Play[]} */
  let plays = [];
  /** @type {DataBatchType[]} */
  let kinds = [];
  /** @type {HTMLElement[]} */
  let totals = [];
  let most = PAGE;

  body.append(grid, after);

  function count() {
    totals.forEach((node, at) => {
      const needing = plays.filter(({ required_batches: needs }) => needs.includes(kinds[at].number));
      setText(node, plural(needing.length, 'play'));
    });
  }

  /** @param {Play} play */
  function rowOf(play) {
    const saved = h('span.dim', { title: dateTime(play.updated_at) }, timeAgo(play.updated_at));
    const label = stateLabel('completed', '');
    let kept = play.required_batches;
    /** @type {number | undefined} */
    let timer;

    async function save() {
      clearTimeout(timer);
      saving.delete(save);
      const wanted = play.required_batches;
      try {
        await post('/api/play-batch-mappings/', { play_id: play.id, required_batches: wanted });
        kept = wanted;
        show('completed', `Saved ${shortDateTime(new Date().toISOString())}`);
      } catch (error) {
        // The ticks go back to what the service has, so that the grid never shows what is not true.
        play.required_batches = kept;
        for (const [at, box] of boxes.entries()) box.checked = kept.includes(kinds[at].number);
        show('failed', 'Not saved');
        setAttr(label, 'title', errorText(error));
        announce(`${play.name} was not saved: ${errorText(error)}`);
        count();
      }
    }

    /** @param {string} state @param {string} words */
    function show(state, words) {
      if (!label.isConnected) saved.replaceChildren(label);
      setState(label, state, words);
      setAttr(label, 'title', null);
    }

    const boxes = kinds.map(({ number, title }) => {
      const box = h('input', {
        type: 'checkbox',
        'aria-label': `${play.name} needs ${title}`,
        checked: play.required_batches.includes(number),
        disabled: !may('manage'),
      });
      box.addEventListener('change', () => {
        play.required_batches = kinds.filter((_, at) => boxes[at].checked).map((kind) => kind.number);
        show('processing', 'Saving');
        count();
        clearTimeout(timer);
        timer = setTimeout(save, SAVE_AFTER);
        saving.add(save);
      });
      return box;
    });

    return h(
      'tr.selectable',
      h(
        'th.stick',
        { scope: 'row' },
        h('a.name', { href: `#/plays/${play.id}` }, play.name),
        h('span.dim.mono', ` ${play.id}`),
      ),
      h('td', h('span.tag', play.output_type)),
      boxes.map((box) => h('td.mid', h('label.hit', box))),
      h('td', saved),
    );
  }

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const found = plays.filter(({ name }) => name.toLowerCase().includes(wanted));
    const shown = found.slice(0, most);
    rows.replaceChildren(
      ...shown.map((play) => {
        const row = rowsByPlay.get(play) ?? rowOf(play);
        rowsByPlay.set(play, row);
        return row;
      }),
    );
    grid.hidden = !shown.length;
    const rest = found.length - shown.length;
    const more = () => {
      most += PAGE;
      draw();
      find('a', rows.children[shown.length]).focus();
    };
    after.replaceChildren(
      ...(shown.length ? [] : [nothing()]),
      ...(rest
        ? [button(`Show ${Math.min(PAGE, rest).toLocaleString('en')} more of ${rest.toLocaleString('en')}`, null, more)]
        : []),
    );
    announce(plural(found.length, 'play'));
  }

  function nothing() {
    if (!plays.length) {
      return emptyState(
        'No plays yet',
        'A play is a set of steps for one lead, and the data they need about it. Create one here, or send it to /api/plays.',
        h('a.btn', { href: '#/plays/new', 'data-needs': 'manage' }, icon('plus'), 'New play'),
      );
    }
    return emptyState(
      `No play matches “${search.value.trim()}”`,
      'The search looks at names only.',
      button('Clear search', null, () => {
        search.value = '';
        onSearch();
        search.focus();
      }),
    );
  }

  function onSearch() {
    setQuery({ search: search.value.trim() });
    most = PAGE;
    draw();
  }

  rows.addEventListener('keydown', (event) => {
    const move = ARROWS[event.key];
    const target = targetOf(event);
    const row = target.closest('tr');
    if (!move || !row || !target.matches('[type=checkbox]')) return;
    const shown = [...rows.children];
    const at = findAll('input', row).indexOf(target) + move[1];
    const beside = shown[shown.indexOf(row) + move[0]];
    const next = beside && findAll('input', beside)[at];
    event.preventDefault();
    next?.focus();
  });
  search.value = address().params.get('search') ?? '';
  search.addEventListener('input', onSearch);

  const list = loader({
    load: () =>
      Promise.all([
        /** @type {Promise<Play[]>} */ (get('/api/plays/')),
        /** @type {Promise<DataBatchType[]>} */ (get('/api/data-batch-types')),
      ]),
    draw(answers) {
      [plays, kinds] = answers;
      totals = kinds.map(() => h('span.dim'));
      head.replaceChildren(
        h(
          'tr',
          h('th.stick', { scope: 'col' }, 'Play'),
          h('th', { scope: 'col' }, 'Output'),
          kinds.map(({ number, title }, at) =>
            h('th.mid', { scope: 'col' }, h('span', `${number} ${title}`), totals[at]),
          ),
          h('th', { scope: 'col' }, 'Saved'),
        ),
      );
      rowsByPlay.clear();
      count();
      draw();
    },
    failed: (error) => after.replaceChildren(errorNote(errorText(error))),
  });

  return {
    leave() {
      for (const save of [...saving]) save();
      list.leave();
    },
  };
}

// Plays and the data batches each needs: a grid of checkboxes in which every change is saved at once.
import { get, post } from '../api.js';
import { announce, button, find, findAll, h, icon, setAttr, setText } from '../dom.js';
import { dateTime, plural, timeAgo, timeOfDay } from '../format.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { setState, stateLabel } from '../parts/states.js';
import { address, setQuery } from '../router.js';

const SAVE_AFTER = 300; // several ticks in one row become one request
const PAGE = 200;

const ARROWS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

export function playsScreen() {
  const search = h('input.input', {
    type: 'search',
    placeholder: 'Play',
    'aria-label': 'Search plays by name',
    autocomplete: 'off',
  });
  const { body } = page('Plays', {
    intro: 'Tick the data batches each play needs before it can run. Every change is saved at once.',
    actions: [
      h('form.search', { role: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/')),
      h('a.btn', { href: '#/plays/new' }, icon('plus'), 'New play'),
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
  const saving = new Set(); // what has to be sent when the screen is left
  const rowsByPlay = new Map(); // play -> its row
  let plays = [];
  let kinds = [];
  let totals = [];
  let most = PAGE;

  body.append(grid, after);

  function count() {
    totals.forEach((node, at) => {
      setText(node, plural(plays.filter(({ required_batches: needs }) => needs.includes(at + 1)).length, 'play'));
    });
  }

  function rowOf(play) {
    const saved = h('span.dim', { title: dateTime(play.updated_at) }, timeAgo(play.updated_at));
    const label = stateLabel('completed', '');
    let kept = play.required_batches;
    let timer = null;

    async function save() {
      clearTimeout(timer);
      timer = null;
      saving.delete(save);
      const wanted = play.required_batches;
      try {
        await post('/api/play-batch-mappings/', { play_id: play.id, required_batches: wanted });
        kept = wanted;
        show('completed', `Saved ${timeOfDay(new Date()).slice(0, 5)}`);
      } catch (error) {
        // The ticks go back to what the service has, so that the grid never shows what is not true.
        play.required_batches = kept;
        for (const [at, box] of boxes.entries()) box.checked = kept.includes(kinds[at].number);
        show('failed', 'Not saved');
        setAttr(label, 'title', error.message);
        announce(`${play.name} was not saved: ${error.message}`);
        count();
      }
    }

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
    for (const play of shown) if (!rowsByPlay.has(play)) rowsByPlay.set(play, rowOf(play));
    rows.replaceChildren(...shown.map((play) => rowsByPlay.get(play)));
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
        'A play is a set of steps for one lead, and the data it needs about it. Make one here, or send it to /api/plays.',
        h('a.btn', { href: '#/plays/new' }, icon('plus'), 'New play'),
      );
    }
    return emptyState(
      `No play matches “${search.value.trim()}”`,
      'The search looks at names.',
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
    if (!move || event.target.type !== 'checkbox') return;
    const row = event.target.closest('tr');
    const shown = [...rows.children];
    const at = findAll('input', row).indexOf(event.target) + move[1];
    const beside = shown[shown.indexOf(row) + move[0]];
    const next = beside && findAll('input', beside)[at];
    event.preventDefault();
    next?.focus();
  });
  search.value = address().params.get('search') ?? '';
  search.addEventListener('input', onSearch);

  const list = loader({
    load: () => Promise.all([get('/api/plays/'), get('/api/data-batch-types')]),
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
    failed: (error) => after.replaceChildren(errorNote(error.message)),
  });

  return {
    leave() {
      for (const save of [...saving]) save();
      list.leave();
    },
  };
}

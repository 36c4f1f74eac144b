// What a session has looked at so far. Bounded: of sessions the one silent for longest is forgotten, of a session's items the
// first seen. Pure.
import { SESSION_ITEMS_MAX, SESSIONS_MAX } from '../limits.ts';
import { forgetFirst, RecentMap } from './recent-map.ts';

export interface Session {
  /** Items looked at or searched for before. */
  readonly seen: ReadonlySet<string>;
  /** The item touched last, by a clickout too; empty: none. */
  readonly last: string;
}

interface SessionState extends Session {
  readonly seen: Set<string>;
  last: string;
}

const NOTHING: Session = { seen: new Set(), last: '' };
const CLICKOUT = 'clickout item';
/** Actions whose reference is an item. */
const ITEM_ACTIONS: ReadonlySet<string> = new Set([
  CLICKOUT,
  'interaction item image',
  'interaction item info',
  'interaction item rating',
  'interaction item deals',
  'search for item',
]);

export class Sessions {
  readonly #sessions: RecentMap<string, SessionState>;

  constructor(max = SESSIONS_MAX) {
    this.#sessions = new RecentMap(max);
  }

  get(id: string): Session {
    return this.#sessions.get(id) ?? NOTHING;
  }

  /**
   * A clickout makes its item the last one but not a seen one: that an item was clicked says something else about
   * the next list than that it was only looked at (measured: log loss 0.1268 instead of 0.1284).
   */
  act(id: string, action: string, reference: string): void {
    if (!ITEM_ACTIONS.has(action) || reference === '') return;
    const session = this.#sessions.get(id) ?? { seen: new Set<string>(), last: '' };
    this.#sessions.set(id, session);
    session.last = reference;
    if (action === CLICKOUT) return;
    session.seen.add(reference);
    if (session.seen.size > SESSION_ITEMS_MAX) forgetFirst(session.seen);
  }
}

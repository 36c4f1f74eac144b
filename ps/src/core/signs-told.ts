// What members were told last of what they go by between two barriers, and whether there is something to tell again.
import type { GroupEffect, GroupSigns } from './group-events.ts';

export class SignsTold {
  #signs: GroupSigns = { slowest: undefined, calledStep: 0 };

  /** As they were told last. */
  get signs(): GroupSigns {
    return this.#signs;
  }

  /** The slowest clock is told whenever it is another; the step that is called, when there is a new one. */
  look(slowest: number | undefined, calledStep: number): readonly GroupEffect[] {
    const ofPace = slowest !== this.#signs.slowest;
    const isCalled = calledStep > this.#signs.calledStep;
    this.#signs = { slowest, calledStep };
    return ofPace || isCalled ? [{ kind: 'signs', ofPace }] : [];
  }
}

// The scripts that k6 can be given, and what each of them does. Pure: the launcher reads it too.

export type Operation = 'pull' | 'push' | 'push_stream' | 'rank';

export interface ScriptShape {
  readonly operations: readonly Operation[];
  /** Batches, or rank requests, of one iteration. */
  readonly batches: number;
}

/** By the name of the file beside this one. */
export const SCRIPTS = {
  pull: { operations: ['pull'], batches: 1 },
  push: { operations: ['push'], batches: 1 },
  // A stream is worth opening for some batches only.
  'push-stream': { operations: ['push_stream'], batches: 16 },
  mixed: { operations: ['pull', 'push'], batches: 1 },
  rank: { operations: ['rank'], batches: 1 },
} as const satisfies Record<string, ScriptShape>;

export type Script = keyof typeof SCRIPTS;
export const SCRIPT_NAMES = Object.keys(SCRIPTS) as readonly Script[];

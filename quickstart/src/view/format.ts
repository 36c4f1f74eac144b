// Numbers as people read them. Pure.

export const loss = (value: number | null) => value?.toFixed(4) ?? '–';
export const auc = (value: number | null) => value?.toFixed(3) ?? '–';
export const percent = (value: number | null) => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);
export const whole = (value: number) => Math.round(value).toLocaleString('en-US');

export function duration(valueMs: number | null): string {
  if (valueMs === null) return '–';
  return valueMs < 1000 ? `${Math.round(valueMs)} ms` : `${(valueMs / 1000).toFixed(1)} s`;
}

/** The day of an event time, UTC. */
export const day = (timeMs: number | undefined) =>
  timeMs === undefined ? '–' : new Date(timeMs).toISOString().slice(0, 10);

/** How far, as a bar of this many characters. */
export function bar(part: number, characters: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * characters);
  return '█'.repeat(full) + '░'.repeat(characters - full);
}

const STEPS = '▁▂▃▄▅▆▇█';

/** A curve of one character a value, from the lowest to the highest of all given curves. */
export function curve(values: readonly number[], lowest: number, highest: number): string {
  const range = highest - lowest || 1;
  return values
    .map((value) => STEPS[Math.round(((value - lowest) / range) * (STEPS.length - 1))] ?? STEPS[0])
    .join('');
}

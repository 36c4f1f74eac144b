// The wall clock of this process, moved: as if somebody had set the machine's.

/** @returns sets how far it is off from now on. */
export function shiftableClock(): (offsetMs: number) => void {
  const now = Date.now;
  let offset = 0;
  Date.now = () => now() + offset;
  return (offsetMs) => {
    offset = offsetMs;
  };
}

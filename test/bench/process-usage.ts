// What a process of this machine has used, from /proc.
import { readFileSync } from 'node:fs';

/** Ticks of utime and stime a second: fixed at 100 in what Linux shows to programs. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of all threads since the process began. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before it may hold anything, brackets and spaces included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory now, in bytes. */
export function memoryBytes(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0') * 1024;
}

/** Highest resident memory so far, in bytes. */
export function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? /^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? '0';
  return Number(kibibytes) * 1024;
}

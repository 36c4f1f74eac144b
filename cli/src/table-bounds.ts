// Flags that `weir table create` and `weir table alter` share: which keys get rows, how long and how many rows live, and how
// far an update goes. Pure.
import type { Admission } from '@weir/sdk';

export interface BoundFlags {
  readonly gradientClip?: number;
  readonly updateNormMax?: number;
  readonly admission?: string;
  readonly ttlMs?: number;
  readonly rowsMax?: number;
  readonly memoryRowsMax?: number;
}

export const ADMISSIONS = 'always, count:K, probability:P';

/** What was given. Throws an Error that names the flag which is malformed. */
export function tableBounds(flags: BoundFlags) {
  const { gradientClip, updateNormMax, admission, ttlMs, rowsMax, memoryRowsMax } = flags;
  return {
    ...(gradientClip !== undefined && { gradientClip }),
    ...(updateNormMax !== undefined && { updateNormMax }),
    ...(admission !== undefined && { admission: parsedAdmission(admission) }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(rowsMax !== undefined && { rowsMax }),
    ...(memoryRowsMax !== undefined && { memoryRowsMax }),
  };
}

function parsedAdmission(text: string): Admission {
  if (text === 'always') return { kind: 'always' };
  const [kind, number = ''] = text.split(':');
  const value = number.trim() === '' ? Number.NaN : Number(number);
  if (Number.isFinite(value)) {
    if (kind === 'count') return { kind, count: value };
    if (kind === 'probability') return { kind, probability: value };
  }
  throw new Error(`--admission "${text}" is none of ${ADMISSIONS}`);
}

// The log level of a process, changed while it runs: `GET /log-level`, `POST /log-level` of the admin port. It lasts until the process ends.
import { WeirError } from '@weir/proto';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { AdminServer } from '../admin/admin-server.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const body = z.strictObject({ level: z.enum(LOG_LEVELS) });

export function addLogLevelRoutes(admin: AdminServer, log: Logger): void {
  admin.get('/log-level', () => ({ level: log.level }));
  admin.post('/log-level', (given) => {
    const parsed = body.safeParse(given);
    if (!parsed.success) {
      const wanted = `{"level": "${LOG_LEVELS.join('|')}"}`;
      throw new WeirError('INVALID_ARGUMENT', `log level: ${wanted} is expected`);
    }
    const before = log.level;
    log.level = parsed.data.level;
    return { level: log.level, before };
  });
}

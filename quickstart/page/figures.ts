// Everything on the page that is a number or a table.
import type { LiveLook, ShareLook, ShopLook } from '../src/live/live-look.ts';
import { auc, day, duration, element, loss, percent, whole, write, writeRows } from './text.ts';

/** Between two sentences for screen readers: who listens wants to hear how it goes, not every second. */
const SPOKEN_INTERVAL_S = 15;
let spokenS = Number.NEGATIVE_INFINITY;

export function showFigures(look: LiveLook): void {
  const { point, freshness } = look;
  write('loss', loss(point.online.logLoss));
  write('loss-frozen', `frozen ${loss(point.frozen.logLoss)}`);
  write('auc', auc(point.online.auc));
  write('auc-frozen', `frozen ${auc(point.frozen.auc)}`);
  write('samples-rate', `${whole(point.samplesPerS)}/s`);
  write('samples', `${whole(look.samples)} so far`);
  write('association', percent(look.associationRate));
  write('events', `of ${whole(look.events)} events`);
  write('freshness', duration(point.freshnessP50Ms));
  write('freshness-p99', `99 % within ${duration(point.freshnessP99Ms)}`);
  const done = look.requests / look.requestsTotal;
  write(
    'progress',
    `${percent(done)} of ${whole(look.requestsTotal)} requests, ${day(look.timeMs)}, ${point.atS.toFixed(0)} s`,
  );
  writeRows(
    'stages',
    freshness.map(({ stage, p50Ms, p99Ms }) => [stage, duration(p50Ms), duration(p99Ms)]),
  );
  writeRows(
    'shards',
    look.shards.map(({ id, rows, updatesPerS }) => [id, whole(rows), `${whole(updatesPerS)}/s`]),
  );
  writeRows(
    'barriers',
    look.barriers.map(({ group, step, members, waitingFor, waitingMs }) => [
      group,
      String(step),
      String(members),
      waitingFor.length === 0 ? 'nobody waits' : `${duration(waitingMs)} for ${waitingFor.join(', ')}`,
    ]),
  );
  if (look.shop !== null) showShop(look.shop);
  speak(look);
}

function showShop({ isShifted, sinceShiftS, online, frozen, ahead }: ShopLook): void {
  element('shop').hidden = false;
  element('shop-chart').hidden = false;
  write(
    'shop-text',
    isShifted
      ? `The season changed ${sinceShiftS.toFixed(0)} s ago: everybody likes something else now.`
      : 'The season will change soon. Until then both arms know what people like.',
  );
  const arm = (name: string, visits: string, share: ShareLook | null): string[] => [
    name,
    visits,
    percent(share?.value ?? null),
    share === null ? '–' : `${percent(share.low)} to ${percent(share.high)}`,
  ];
  writeRows('arms', [
    arm('online', whole(online.visits), online.clickThrough),
    arm('frozen', whole(frozen.visits), frozen.clickThrough),
    arm('online is ahead by', '', ahead),
  ]);
}

function speak({ point }: LiveLook): void {
  if (point.atS < spokenS + SPOKEN_INTERVAL_S) return;
  spokenS = point.atS;
  write(
    'spoken',
    `After ${point.atS.toFixed(0)} seconds: log loss online ${loss(point.online.logLoss)}, frozen ${loss(point.frozen.logLoss)}, ` +
      `${whole(point.samplesPerS)} samples a second.`,
  );
}

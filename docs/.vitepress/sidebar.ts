// The site's order: what to read first, by who one is. A guide that stands nowhere in it is an error, so that none is lost.
import { readFileSync } from 'node:fs';
import { ROOT, siteAddress, sitePath, writtenPages } from './pages.ts';

interface Section {
  readonly text: string;
  readonly collapsed?: boolean;
  /** Title and file, from the root. */
  readonly pages: readonly (readonly [title: string, file: string])[];
}

const SECTIONS: readonly Section[] = [
  {
    text: 'Begin here',
    pages: [
      ['What Weir is', 'README.md'],
      ['Get started', 'docs/get-started.md'],
      ['One part alone', 'docs/adopting.md'],
      ['Architecture', 'docs/ARCHITECTURE.md'],
      ['The live view', 'docs/live-view.md'],
      ['Guarantees', 'docs/guarantees.md'],
    ],
  },
  {
    text: 'For model teams',
    pages: [
      ['A model of your own', 'docs/examples/own-model/README.md'],
      ['Built-in models', 'docs/models.md'],
      ['Tables and optimizers', 'docs/tables.md'],
      ['The client library', 'docs/client.md'],
      ['Groups and barriers', 'docs/groups.md'],
      ['Exactly once', 'docs/exactly-once.md'],
      ['Sources', 'docs/sources.md'],
      ['Testing with real shards', 'docs/testing.md'],
      ['The trainer', 'docs/trainer.md'],
      ['Several trainers', 'docs/training.md'],
      ['The predictor', 'docs/predictor.md'],
      ['The collector', 'docs/collector.md'],
      ['From a score to its causes', 'docs/explain.md'],
      ['What to install', 'docs/packages.md'],
      ['Python', 'docs/python.md'],
    ],
  },
  {
    text: 'For platform engineers',
    pages: [
      ['Operating a shard', 'docs/operations.md'],
      ['Kubernetes', 'docs/kubernetes.md'],
      ['The chart', 'charts/weir/README.md'],
      ['Security', 'docs/security.md'],
      ['Monitoring', 'docs/monitoring.md'],
      ['Runbook', 'docs/runbook.md'],
      ['Telemetry', 'docs/telemetry.md'],
      ['Tracing', 'docs/tracing.md'],
      ['Several stitchers', 'docs/stitching.md'],
      ['Durability', 'docs/durability.md'],
      ['Load testing', 'docs/load-testing.md'],
      ['Performance', 'docs/performance.md'],
      ['Measurements', 'docs/measurements.md'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['Commands', 'docs/commands.md'],
      ['Configuration', 'docs/configuration.md'],
      ['Errors', 'docs/errors.md'],
      ['Metrics', 'docs/metrics.md'],
      ['Replay format', 'docs/replay-format.md'],
    ],
  },
  {
    text: 'Working on Weir',
    collapsed: true,
    pages: [
      ['Contributing', 'CONTRIBUTING.md'],
      ['Changelog', 'CHANGELOG.md'],
      ['Film ratings for the quickstart', 'quickstart/data/movielens-latest-small/README.md'],
    ],
  },
];

export interface SidebarItem {
  text: string;
  link?: string;
  collapsed?: boolean;
  items?: SidebarItem[];
}

/** @throws when a written page has no place, or a place has no page. */
export function sidebar(): SidebarItem[] {
  const pages = new Set(writtenPages());
  const decisions = [...pages].filter((file) => file.startsWith('docs/adr/'));
  const packages = [...pages].filter((file) => /^[^/]+\/README\.md$/.test(file));
  const named = SECTIONS.flatMap((section) => section.pages.map(([, file]) => file));
  const placed = new Set(['docs/index.md', ...decisions, ...packages, ...named]);
  const homeless = [...pages].filter((file) => !placed.has(file));
  const gone = [...placed].filter((file) => !pages.has(file));
  if (homeless.length > 0)
    throw new Error(`docs/.vitepress/sidebar.ts has no place for ${homeless.join(', ')}`);
  if (gone.length > 0) throw new Error(`docs/.vitepress/sidebar.ts names ${gone.join(', ')}: not there`);
  return [
    ...SECTIONS.map(({ text, collapsed = false, pages: listed }) => ({
      text,
      collapsed,
      items: listed.map(([title, file]) => item(title, file)),
    })),
    { text: 'Packages', collapsed: true, items: packages.map((file) => item(titleOf(file), file)) },
    { text: 'Decisions', collapsed: true, items: decisions.map((file) => item(titleOf(file), file)) },
  ];
}

function item(text: string, file: string): SidebarItem {
  return { text, link: siteAddress(sitePath(file)!) };
}

function titleOf(file: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(`${ROOT}/${file}`, 'utf8'))?.[1];
  if (heading === undefined) throw new Error(`${file} has no title`);
  return heading;
}

// The table of docs/security.md that says which call needs which role, from the rules that the guard goes by.
import { RULES, type Rule } from '@weir/runtime';

const BEGIN = '<!-- rules -->';
const END = '<!-- /rules -->';

/** The document with its table written anew. */
export function withAccessRules(document: string): string {
  const [before, rest] = cut(document, BEGIN);
  const [, after] = cut(rest, END);
  const rows = Object.entries(RULES).map(([name, rule]) => row(name, rule));
  const table = ['| call | needs | audited |', '|---|---|---|', ...rows, ...ADMIN_ROWS].join('\n');
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

const ADMIN_ROWS = [
  '| `GET` of a JSON route of the admin port | read on service NAME of the process | |',
  '| `POST` of a route of the admin port | admin on service NAME of the process | yes |',
];

function row(name: string, rule: Rule): string {
  const call = name.startsWith('/') ? name.slice(1).replace('weir.v1.', '').replace('/', '.') : name;
  return `| \`${call}\` | ${needs(rule)} | ${rule.isAudited ? 'yes' : ''} |`;
}

function needs({ by, needs: roles }: Rule): string {
  if (by === 'nobody') return 'nothing';
  if (roles.length === 0) return 'any identity';
  return roles.map(({ role, says }) => `${role} on ${says}`).join(', ');
}

function cut(text: string, marker: string): [string, string] {
  const at = text.indexOf(marker);
  if (at === -1) throw new Error(`docs/security.md has no ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}

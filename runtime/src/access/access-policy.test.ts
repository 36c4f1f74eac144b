import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccessPolicy, sha256Of, tokenHash } from './access-policy.ts';

/** Short texts of few letters, so that they often match. */
const pieces = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 8 });

const policy = (identities: object): AccessPolicy =>
  new AccessPolicy(JSON.stringify({ identities }), 'access.json');

const trainer = (roles: object) =>
  policy({ trainer: { tokens: [tokenHash('secret')], ...roles } }).ofToken(sha256Of('secret'))!;

describe('an access policy', () => {
  it('knows identities by the hash of their token and by names in their certificate, and nobody else', () => {
    const known = policy({
      trainer: { tokens: [tokenHash('old'), tokenHash('new')] },
      team: { certificates: ['DNS:team.example', 'URI:spiffe://example/team'] },
    });
    expect(known.ofToken(sha256Of('old'))?.name).toBe('trainer');
    expect(known.ofToken(sha256Of('new'))?.name).toBe('trainer');
    expect(known.ofToken(sha256Of('other'))).toBeUndefined();
    expect(known.ofToken(sha256Of(''))).toBeUndefined();
    expect(known.ofCertificate(['CN:nobody', 'URI:spiffe://example/team'])?.name).toBe('team');
    expect(
      known.ofCertificate(['DNS:TEAM.example', 'DNS:team.example.com', 'CN:team.example']),
    ).toBeUndefined();
  });

  it('gives what its patterns say: * is any run of characters, anything else is itself', () => {
    const identity = trainer({
      tables: { 'ads/*': 'write', '*/public.v1': 'read' },
      streams: { '*': 'read' },
    });
    expect(identity.roleOn('tables', 'ads/ctr')).toBe('write');
    expect(identity.roleOn('tables', 'ads2/ctr')).toBeUndefined();
    expect(identity.roleOn('tables', 'shop/public.v1')).toBe('read');
    expect(identity.roleOn('tables', 'shop/public-v1')).toBeUndefined();
    expect(identity.roleOn('streams', 'samples')).toBe('read');
    expect(identity.roleOn('groups', 'samples')).toBeUndefined();
  });

  it('lets the highest of several roles count, which includes those below it', () => {
    const identity = trainer({ tables: { '*/*': 'read', 'ads/ctr': 'admin', 'ads/*': 'write' } });
    expect(identity.roleOn('tables', 'ads/ctr')).toBe('admin');
    for (const role of ['read', 'write', 'admin'] as const) {
      expect(identity.may(role, 'tables', 'ads/ctr')).toBe(true);
    }
    expect(identity.may('write', 'tables', 'ads/cvr')).toBe(true);
    expect(identity.may('admin', 'tables', 'ads/cvr')).toBe(false);
    expect(identity.may('write', 'tables', 'shop/ctr')).toBe(false);
  });

  it('takes patterns as a regular expression would, also those on which one backtracks for ever', () => {
    fc.assert(
      fc.property(pieces, pieces, (pattern, name) => {
        const identity = trainer({ groups: { [pattern]: 'read' } });
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
        expect(identity.roleOn('groups', name)).toBe(expected ? 'read' : undefined);
      }),
    );
    const slow = trainer({ groups: { '*a*a*a*a*a*a*a*a*a*b': 'read' } });
    expect(slow.roleOn('groups', 'a'.repeat(255))).toBeUndefined();
  });
});

describe('an access file that is wrong', () => {
  const SECRET = 'a-token-in-clear-text';
  const reading = (text: string): string => {
    try {
      new AccessPolicy(text, 'access.json');
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const of = (identities: object): string => reading(JSON.stringify({ identities }));

  it.each([
    ['{"identities": ', /access\.json: it is not JSON$/],
    ['{}', /identities/],
    ['{"identities": {}, "identites": {}}', /a key there is not known/],
  ])('says what is wrong with %s', (text, message) => {
    expect(reading(text)).toMatch(message);
  });

  it('is refused for what it does not know, and never repeats what may be a token', () => {
    const messages = [
      reading(`{"identities": {"a": {"tokens": ["${SECRET}"]`),
      of({ a: { tokens: [SECRET] } }),
      of({ a: { tokens: SECRET } }),
      of({ a: { token: SECRET } }),
      of({ a: { [SECRET]: [] } }),
      of({ a: { tables: { 'ads/*': SECRET } } }),
      of({ a: { tables: { [`${SECRET} `]: 'read' } } }),
      of({ [`${SECRET} `]: {} }),
      of({ a: { certificates: [7] } }),
    ];
    for (const message of messages) {
      expect(message).toMatch(/^--access access\.json: /);
      expect(message).not.toContain(SECRET);
    }
    expect(messages[1]).toContain('identities → a → tokens → 0: sha256:');
  });

  it('is refused when two identities share a token or a certificate', () => {
    const tokens = [tokenHash('one')];
    expect(of({ a: { tokens }, b: { tokens } })).toContain('a and b share a token');
    const certificates = ['CN:x'];
    expect(of({ a: { certificates }, b: { certificates } })).toContain('a and b share a certificate');
  });

  it('is refused for a table without a namespace', () => {
    expect(of({ a: { tables: { '*': 'read' } } })).toContain('NAMESPACE/TABLE');
  });
});

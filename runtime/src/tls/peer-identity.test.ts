import { describe, expect, it } from 'vitest';
import { alternativeNames } from './peer-identity.ts';

describe('alternativeNames', () => {
  it('are the names of machines, services and people, in their order', () => {
    const text = 'DNS:trainer.weir, URI:spiffe://weir/trainer, IP Address:10.0.0.1, email:a@b.c';
    expect(alternativeNames(text)).toEqual([
      'DNS:trainer.weir',
      'URI:spiffe://weir/trainer',
      'IP Address:10.0.0.1',
      'email:a@b.c',
    ]);
    expect(alternativeNames('')).toEqual([]);
  });

  it('let no name pretend to be two', () => {
    expect(alternativeNames('URI:"http://a\\u002cDNS:admin, DNS:admin", DNS:"b\\", DNS:admin"')).toEqual([
      'URI:http://a,DNS:admin, DNS:admin',
      'DNS:b", DNS:admin',
    ]);
  });

  it('pass over kinds that name nobody here', () => {
    const text = 'othername:<unsupported>, DirName:"CN=x, DNS:admin", Registered ID:1.2.3, DNS:a';
    expect(alternativeNames(text)).toEqual(['DNS:a']);
  });
});

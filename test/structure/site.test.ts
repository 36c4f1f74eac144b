import { describe, expect, it } from 'vitest';
import { sidebar } from '../../docs/.vitepress/sidebar.ts';

describe('the documentation site', () => {
  it('has a place for every guide (docs/.vitepress/sidebar.ts)', () => {
    expect(sidebar().every(({ items }) => items!.length > 0)).toBe(true);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { sidebar } from '../../docs/.vitepress/sidebar.ts';
import { slug } from '../../docs/.vitepress/slug.ts';
import { brokenLinks } from '../../docs/scripts/check-links.ts';

describe('the documentation site', () => {
  it('has a place for every guide (docs/.vitepress/sidebar.ts)', () => {
    expect(sidebar().every(({ items }) => items!.length > 0)).toBe(true);
  });

  it('has the anchors that repositories show', () => {
    expect(slug("The shard's side")).toBe('the-shards-side');
    expect(slug('`doc-vector`, again')).toBe('doc-vector-again');
  });

  it('is not built with links that lead nowhere, or with what stands elsewhere', () => {
    const folder = mkdtempSync(`${tmpdir()}/weir-site-`);
    try {
      writeFileSync(`${folder}/a.html`, '<h1 id="here">A</h1><a href="https://other.org/">fine</a>');
      const links = ['a.html#here', '/a.html#gone', 'gone.html', '#own'].map(
        (link) => `<a href="${link}">x</a>`,
      );
      const loads = '<script src="https://other.org/x.js"></script><img src="data:image/png;base64,">';
      writeFileSync(`${folder}/b.html`, `${links.join('')}${loads}`);
      expect(brokenLinks(folder)).toEqual([
        'b.html -> /a.html#gone',
        'b.html -> gone.html',
        'b.html -> #own',
        'b.html -> https://other.org/x.js',
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

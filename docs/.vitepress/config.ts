// The documentation site. Its pages stand where they are read in the repository too: in docs/, and a few beside it, so the source
// is the whole checkout. Nothing is loaded from elsewhere: system fonts, a search index of its own.
import { defineConfig } from 'vitepress';
import { apiSidebar } from './api-sidebar.ts';
import { NO_PAGES, sitePath } from './pages.ts';
import { repositoryLinks } from './repository-links.ts';
import { sidebar } from './sidebar.ts';
import { slug } from './slug.ts';

/** Water over a weir: in the page itself, so that nothing is looked for. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 5h6v9M1 9h6" fill="none" stroke="#3451b2" stroke-width="2"/><path d="M9 5c4 0 5 4 5 9" fill="none" stroke="#5c73e7" stroke-width="2"/></svg>',
)}`;

export default defineConfig({
  title: 'Weir',
  description: 'An online-learning platform: a sharded parameter server and the pipeline that feeds it',
  lang: 'en',
  head: [['link', { rel: 'icon', href: ICON }]],
  srcDir: '..',
  srcExclude: [...NO_PAGES, '.weir/**'],
  rewrites: (file) => sitePath(file) ?? file,
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  markdown: { config: repositoryLinks, anchor: { slugify: slug } },
  // The search index of all pages is one file, loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  themeConfig: {
    nav: [
      { text: 'Get started', link: '/get-started' },
      { text: 'API', link: '/reference/api/', activeMatch: '^/reference/api/' },
      { text: 'Errors', link: '/errors' },
      { text: 'Configuration', link: '/configuration' },
    ],
    sidebar: { '/': sidebar(), '/reference/api/': apiSidebar() },
    outline: [2, 3],
    search: { provider: 'local' },
  },
});

// The documentation site. Its pages stand where they are read in the repository too: in docs/, and a few beside it, so the source
// is the whole checkout. Nothing is loaded from elsewhere: system fonts, a search index of its own.
import { defineConfig } from 'vitepress';
import { apiSidebar } from './api-sidebar.ts';
import { NO_PAGES, sitePath } from './pages.ts';
import { repositoryLinks } from './repository-links.ts';
import { sidebar } from './sidebar.ts';
import { slug } from './slug.ts';

export default defineConfig({
  title: 'Weir',
  description: 'An online-learning platform: a sharded parameter server and the pipeline that feeds it',
  lang: 'en',
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

// Light or dark: as the system says, unless the person at the page has chosen. Charts are drawn on a canvas, so they have to
// ask for the colours, and be told when those change.
import { element } from './text.ts';

const KEY = 'weir-colours';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function onColoursChanged(changed: () => void): void {
  const button = element<HTMLButtonElement>('colours');
  const isDark = () => (localStorage.getItem(KEY) ?? (systemIsDark.matches ? 'dark' : 'light')) === 'dark';
  const apply = (): void => {
    document.documentElement.dataset.colours = isDark() ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(isDark()));
    changed();
  };
  button.addEventListener('click', () => {
    localStorage.setItem(KEY, isDark() ? 'light' : 'dark');
    apply();
  });
  systemIsDark.addEventListener('change', apply);
  apply();
}

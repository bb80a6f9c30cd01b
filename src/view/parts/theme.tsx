/** Light, dark, or as the system has it. */

import { effect, signal } from '@preact/signals';
import { bound, Choice } from './toolbar.tsx';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const theme = signal<Theme>('auto');

/** Follows the choice, and remembers it under `key` where the browser lets a page do so. */
export function followTheme(key: string | null): void {
  const stored = key === null ? null : safely(() => localStorage.getItem(key));
  theme.value = THEMES.find((one) => one === stored) ?? 'auto';
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    if (key !== null) safely(() => localStorage.setItem(key, theme.value));
  });
}

function safely<Value>(of: () => Value): Value | null {
  try {
    return of();
  } catch {
    return null; // pages that are files, and browsers that are told to, have no storage
  }
}

export function ThemeChoice() {
  return (
    <Choice
      name="Theme"
      options={[
        ['auto', 'Auto'],
        ['light', 'Light'],
        ['dark', 'Dark'],
      ]}
      {...bound(theme)}
    />
  );
}

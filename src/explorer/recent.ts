/** The last jobs of this browser, with what was asked, in its own storage. */

export interface Recent {
  id: string;
  text: string;
  model: string;
  method: string;
  at: string;
}

const KEY = 'whence-recent';
const MOST = 12;
const TEXT_CHARACTERS = 120;

export function recentJobs(): Recent[] {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((one) => typeof one?.id === 'string').slice(0, MOST) : [];
  } catch {
    return []; // no storage, or something else's
  }
}

export function remember(recent: Recent): void {
  const others = recentJobs().filter(({ id }) => id !== recent.id);
  store([{ ...recent, text: recent.text.slice(0, TEXT_CHARACTERS) }, ...others].slice(0, MOST));
}

export function forget(id: string): void {
  store(recentJobs().filter((one) => one.id !== id));
}

function store(recents: Recent[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(recents));
  } catch {
    // a browser without storage forgets
  }
}

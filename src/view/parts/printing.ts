/** Paper, where nothing can be opened or chosen. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Whether the page is being printed. */
export function usePrinting(): boolean {
  const printing = useSignal(false);
  useEffect(() => {
    const begin = () => {
      printing.value = true;
    };
    const end = () => {
      printing.value = false;
    };
    addEventListener('beforeprint', begin);
    addEventListener('afterprint', end);
    return () => {
      removeEventListener('beforeprint', begin);
      removeEventListener('afterprint', end);
    };
  }, []);
  return printing.value;
}

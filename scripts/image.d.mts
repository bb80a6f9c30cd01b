/** Files of the image with their sizes in bytes, by their path in the project. */
export function imageFiles(): [path: string, bytes: number][];
/** Whether a file belongs to libtensorflow, or to CUDA beside it. */
export function isLibrary(path: string): boolean;
export function copyImage(folder: string): void;

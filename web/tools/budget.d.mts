export interface Built {
  path: string;
  size: number;
  br?: number;
}
export function weigh(files: Built[]): { lines: string[]; holds: boolean };
export function enforce(files: Built[]): void;

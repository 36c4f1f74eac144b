// What k6 has and its types leave to those of browsers.
declare const console: { error(message: string): void };
declare const crypto: { randomUUID(): string };

// PEM files that belong together: read, checked to be usable together, and read again when they change. What is current is
// always usable: a renewal that is not is told, counted and not taken.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { WeirError } from '@weir/proto';
import { watchFiles } from '../watch-files.ts';

/** A setting that names a file. */
export interface PemFile {
  readonly flag: string;
  readonly path: string;
}

export interface PemFileSet {
  readonly cert?: PemFile | undefined;
  readonly key?: PemFile | undefined;
  readonly ca?: PemFile | undefined;
}

export interface Pem {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
  /** Seconds since 1970 at which the first certificate of each file ends. */
  readonly expiryS: { readonly cert: number | undefined; readonly ca: number | undefined };
}

export interface PemNews {
  renewed(pem: Pem): void;
  /** What the files hold now cannot be used; the former stays. Told once for the same content. */
  refused(error: WeirError): void;
}

export class PemFiles {
  readonly #files: PemFileSet;
  readonly #seen: Texts;
  #current: Pem;

  /** @throws WeirError CONFIGURATION naming the setting, if the files cannot be used. */
  constructor(files: PemFileSet) {
    this.#files = files;
    this.#seen = readAll(files);
    this.#current = checked(files, this.#seen);
  }

  get current(): Pem {
    return this.#current;
  }

  /** Until the signal aborts. */
  watch(pollMs: number, signal: AbortSignal, news: PemNews): void {
    const watched = {
      read: () => readAll(this.#files),
      take: (texts: Texts) => {
        this.#current = checked(this.#files, texts);
        news.renewed(this.#current);
      },
      refused: (error: unknown) => news.refused(WeirError.from(error)),
    };
    void watchFiles(watched, this.#seen, pollMs, signal);
  }
}

type Texts = { readonly [Part in keyof PemFileSet]: string };

function readAll(files: PemFileSet): Texts {
  const read = (file: PemFile | undefined): string | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file.path, 'utf8');
    } catch (cause) {
      throw unusable(file, cause);
    }
  };
  const [cert, key, ca] = [read(files.cert), read(files.key), read(files.ca)];
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ca !== undefined && { ca }),
  };
}

function checked(files: PemFileSet, { key, ...texts }: Texts): Pem {
  const certificates = texts.cert === undefined ? [] : certificatesOf(files.cert!, texts.cert);
  if (key !== undefined) {
    const isItsKey = tried(files.key!, () => certificates[0]!.checkPrivateKey(createPrivateKey(key)));
    if (!isItsKey) throw unusable(files.key!, `it is not the key of the certificate in ${files.cert!.path}`);
  }
  const authorities = texts.ca === undefined ? [] : certificatesOf(files.ca!, texts.ca);
  const [cert, ca] = [pemOf(certificates), pemOf(authorities)];
  tried(files.cert ?? files.ca!, () => createSecureContext({ cert, key, ca }));
  return { cert, key, ca, expiryS: { cert: firstEnd(certificates), ca: firstEnd(authorities) } };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesOf(file: PemFile, text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw unusable(file, 'it has no certificate in PEM');
  return blocks.map((block) => tried(file, () => new X509Certificate(block)));
}

/** What was checked, and nothing else: of certificates without a line break between them OpenSSL would take the first. */
function pemOf(certificates: readonly X509Certificate[]): string | undefined {
  return certificates.length === 0 ? undefined : certificates.map(String).join('');
}

function firstEnd(certificates: readonly X509Certificate[]): number | undefined {
  const ends = certificates.map(({ validToDate }) => validToDate.getTime() / 1000);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function tried<T>(file: PemFile, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw unusable(file, cause);
  }
}

/** Never with the content: it may be a key. */
function unusable({ flag, path }: PemFile, cause: unknown): WeirError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WeirError('CONFIGURATION', `${flag} ${path} cannot be used: ${reason}`, { cause });
}

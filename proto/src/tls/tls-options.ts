// What a client needs for TLS.

/** PEM texts. Without `ca` the roots that Node has are used; `cert` and `key` are for mutual TLS. */
export interface TlsOptions {
  readonly ca?: string | Uint8Array | undefined;
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** Name in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
}

/**
 * A function is asked again for every new connection, so that a renewed certificate needs no new client. Where it throws,
 * or what it returns cannot be used, the last that could be used serves.
 */
export type TlsSource = TlsOptions | (() => TlsOptions);

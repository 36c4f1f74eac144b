// What the kernel's host uses of WebAssembly's JavaScript interface; neither the language's nor Node's types have it.
declare namespace WebAssembly {
  class Module {
    private readonly module: never;
    constructor(bytes: Uint8Array);
  }
  class Memory {
    readonly buffer: SharedArrayBuffer;
    /** In pages of 64 KiB. */
    constructor(size: { readonly initial: number; readonly maximum: number; readonly shared: true });
    /** By so many pages; throws RangeError when there is no room. */
    grow(pages: number): void;
  }
  class Instance {
    readonly exports: unknown;
    constructor(module: Module, imports: { readonly env: Readonly<Record<string, Memory>> });
  }
  function validate(bytes: Uint8Array): boolean;
}

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
  }
  class Instance {
    readonly exports: unknown;
    constructor(module: Module, imports: { readonly env: { readonly memory: Memory } });
  }
  function validate(bytes: Uint8Array): boolean;
}

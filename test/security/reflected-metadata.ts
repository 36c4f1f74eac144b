// What tsyringe, which @peculiar/x509 stands on, needs of `reflect-metadata`: metadata by key and class. Imported before it.

const stored = new WeakMap<object, Map<unknown, unknown>>();

const own = (key: unknown, target: object): unknown => stored.get(target)?.get(key);

const inherited = (key: unknown, target: object | null): unknown =>
  target === null ? undefined : (own(key, target) ?? inherited(key, Object.getPrototypeOf(target)));

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object): void => {
    const of = stored.get(target) ?? new Map<unknown, unknown>();
    stored.set(target, of.set(key, value));
  },
  getOwnMetadata: own,
  getMetadata: inherited,
});

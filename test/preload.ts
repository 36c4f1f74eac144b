// Code that every service started by this process loads before its own: how suites look into services, or break them,
// without the services knowing of it.

export interface Preload extends Disposable {
  /** Takes effect for processes started from now on. */
  set(plan: object): void;
}

/**
 * @param script URL of a module
 * @param variable environment variable that hands it the plan, as JSON
 */
export function preload(script: string, variable: string, plan: object): Preload {
  const { NODE_OPTIONS: before } = process.env;
  process.env.NODE_OPTIONS = `${before ?? ''} --import ${script}`;
  const set = (newPlan: object): void => {
    process.env[variable] = JSON.stringify(newPlan);
  };
  set(plan);
  return {
    set,
    [Symbol.dispose]: () => {
      delete process.env[variable];
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    },
  };
}
